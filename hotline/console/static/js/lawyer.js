// The lawyer's desk: the shared parts and what lawyers have beside them.
import { startDesk } from "./desk_start.js";

startDesk();
