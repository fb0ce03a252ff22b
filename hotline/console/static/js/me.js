// One's own password.
import { post } from "./api.js";
import { toast } from "./toasts.js";

const form = document.getElementById("password-form");
const problem = form.querySelector(".problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { old, new: fresh, again } = Object.fromEntries(new FormData(form));
  problem.hidden = true;
  try {
    if (fresh !== again) throw new Error("两次输入的新密码不一样。");
    await post("/api/v1/me/password", { old, new: fresh }, { quiet: true });
    form.reset();
    toast("密码已修改。");
    for (const strip of document.querySelectorAll(".banner.info, .strip-notice")) strip.remove();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
});
