// Everybody's sessions.
import { startSessionLists } from "./sessions.js";

startSessionLists();
