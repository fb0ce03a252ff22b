// One's own account: password, second factor, sessions.
import { post } from "./api.js";
import { whenSent } from "./forms.js";
import { t } from "./language.js";
import { startSessionLists } from "./sessions.js";
import { showProblem, toast } from "./toasts.js";

const due = document.getElementById("due");
const recovery = document.getElementById("recovery");
const confirmForm = document.getElementById("factor-confirm-form");

// What was due is done: on to where the role begins.
function done(text) {
  if (due) location.assign("/");
  else toast(text);
}

whenSent(document.getElementById("password-form"), async ({ old, new: fresh, again }) => {
  if (fresh !== again) throw new Error(t("两次输入的新密码不一样。"));
  await post("/api/v1/me/password", { old, new: fresh }, { quiet: true });
  document.getElementById("password-form").reset();
  done(t("密码已修改，您在别处的登录已结束。"));
});

function showRecovery(codes) {
  const list = recovery.querySelector("ul");
  list.replaceChildren(...codes.map((code) => {
    const item = document.createElement("li");
    item.textContent = code;
    return item;
  }));
  recovery.hidden = false;
  const kept = document.getElementById("recovery-kept");
  kept.onclick = () => (due ? location.assign("/") : location.reload());
  kept.focus();
}

const beginForm = document.getElementById("factor-begin-form");
whenSent(beginForm, async ({ password }) => {
  const begun = await post("/api/v1/me/second-factor", { password }, { quiet: true });
  document.getElementById("factor-secret").textContent = begun.secret.match(/.{1,4}/g).join(" ");
  confirmForm.querySelector("img").src = `/api/v1/me/second-factor/qr.svg?${Date.now()}`;
  beginForm.hidden = true;
  confirmForm.hidden = false;
  confirmForm.elements.code.focus();
});

whenSent(confirmForm, async ({ code }) => {
  const { recovery_codes: codes } = await post("/api/v1/me/second-factor/confirm", { code }, { quiet: true });
  confirmForm.hidden = true;
  showRecovery(codes);
});

whenSent(document.getElementById("factor-change-form"), async ({ code }, act) => {
  const answer = await post(`/api/v1/me/second-factor/${act}`, { code }, { quiet: true });
  if (act === "remove") location.reload();
  else showRecovery(answer.recovery_codes);
});

startSessionLists();
const others = document.getElementById("end-others");
if (others) {
  others.addEventListener("click", async () => {
    try {
      await post("/api/v1/me/sessions/end-others");
      location.reload();
    } catch (error) {
      showProblem(error);
    }
  });
}
