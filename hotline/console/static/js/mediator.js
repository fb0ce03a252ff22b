// The mediators' desk: what is due and what waits, by grid and field; the file of a case at the right.
import { file, finish, giveReason, offered, startActs } from "./case_acts.js";
import { startList } from "./case_list.js";
import { startDesk } from "./desk_start.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";

const end = () => finish("end", t("已结案，等来电人评价。"));
const giveBack = () => (offered() || file()) && giveReason("return-dialog", "return", t("已退回话务台。"));

const acts = startActs("mediate");
onKey("m", t("安排调解会"), () => acts.session());
onKey("e", t("结案：协议或告知"), end);
onKey("b", t("退回话务台"), giveBack);
startList();
startDesk({ ...acts, "end-case": end, "return-case": giveBack });
