// The plain desk: nothing beside the shared parts.
import { startDesk } from "./desk_start.js";

startDesk();
