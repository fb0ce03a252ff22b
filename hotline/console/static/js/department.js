// A department's desk: the inbox with its deadlines, objections to a dispatch, replies.
import { file, finish, giveReason, offered, startActs } from "./case_acts.js";
import { startList } from "./case_list.js";
import { startDesk } from "./desk_start.js";
import { onKey } from "./keys.js";
import { t } from "./language.js";

const reply = () => finish("reply", t("已答复，等来电人评价。"));
const mayObject = () => offered() || (file() && file().dataset.mayObject === "yes");
const object = () => mayObject() && giveReason("object-dialog", "object", t("已提出异议，等管理者裁定。"), { stay: true });

const acts = startActs("undertake");
onKey("r", t("答复来电人"), reply);
onKey("y", t("对派单提出异议"), object);
startList();
startDesk({ ...acts, "end-case": reply, object });
