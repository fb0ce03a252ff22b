// A call-back promised for hours in which the caller cannot speak safely is moved into them once the person says so.
import { ask } from "./dialogs.js";

// send(moved): promises; moved is null at first, then {from, until} as the service proposed them.
export async function inSafeHours(send) {
  try {
    return await send(null);
  } catch (error) {
    if (error.kind !== "outside-safe-hours") throw error;
    const [proposed] = error.errors;
    document.getElementById("safe-hours-why").textContent = error.message;
    if (!(await ask("safe-hours-dialog"))) throw error;
    return send({ from: proposed.proposed_from, until: proposed.proposed_until });
  }
}
