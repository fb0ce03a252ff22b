"""What tests give the service of callers, and the search for it in whatever was written.

``python -m tests.planted FOLDER`` searches a folder; ``make test`` does so at the end with everything that services
wrote while it ran (tools/check.py, tests/kept_output.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NUMBER = "13900070071"
IMPORTED_NUMBER = "13900070082"
REFUSED_NUMBER = "13900070093"
NAME = "欧阳漏测"
PLANTED = {
    "number": NUMBER,
    "imported number": IMPORTED_NUMBER,
    "refused number": REFUSED_NUMBER,
    "name": NAME,
    "transcript": "我把祖传青花瓶借给表弟他一直不还",
    "segment": "他还把我们家的蓝色电动三轮车骑走了",
    "address": "枇杷巷甲七十三号后院",
    "source": "回访时请打我爱人的电话",
    "recording": "LY-88017-77",
    "reason": "来电人说要告他表弟并且要赔偿瓶子钱",
    "notes": "建议先找证人写下借瓶子的经过",
    "summary": "可以凭借条和证人起诉返还原物",
    "disposition": "已教他写返还原物起诉状",
    "answer": "三轮车可以先去派出所登记寻车",
    "message": "晚上八点以后打我女儿手机",
    "no article": "瓶子这种事知识库里查不到口径",
    "handover note": "瓶子那家人情绪激动下一班多留神",
    "matter's note": "他表弟姓庄住在桥头第二家",
    "notice": "庄家来电一律先找班长再回话",
    "return reason": "瓶子的事不归我们局里管请重派",
    "wrap-up": "已劝他把瓶子先拍照留底",
    "wrapped up": "表弟说瓶子早就卖到外地去了",
    "counterparty": "庄漏对方",
    "contact rules": "他妹妹在家时不要提瓶子",
    "another number": "13900070060",
    "step": "约在祠堂旁边的茶馆双方当面谈",
    "step's result": "表弟当场答应下月初赔两万四",
    "agreement": "瓶子折价两万四分三次还清",
    "appraisal": "嫌调解员偏袒他表弟那一边",
    "look's reason": "家属报称老人走失要核对号码",
    "snippet": "借用青花瓶不还的那位这样答复",
    "imported": "楼上那家天天半夜挪钢琴吵得睡不着",
    "refused row": "编号都没有的一行里写着我儿子的学校",
    "bad json": "这一句写在坏掉的请求体里面",
    "bad field": "号码栏里写的其实是一句心里话",
    "bad query": "列表筛选里也有人贴原话",
}
#: What the fixtures of many tests give: numbers of CallMaker and of the export of the kill tests, words of both.
OF_FIXTURES = {
    **{f"fixtures' number {number}": f"138{number:08d}" for number in range(1, 40)},
    **{f"export's number {number}": f"1370000{number:04d}" for number in range(40)},
    "export": "物业不退装修押金想请人调解",
    "export too": "楼上漏水泡了我家吊顶",
    "posted": "巷口的下水道堵了，污水漫到路上",
}


def forms(text: str) -> Iterator[bytes]:
    """How a text may stand in a file."""
    for encoding in ("utf-8", "gb18030"):
        yield text.encode(encoding)
    yield text.encode().hex().encode()
    if not text.isascii():
        yield text.encode("ascii", "backslashreplace")
        yield "".join(f"%{byte:02X}" for byte in text.encode()).encode()


def found_in(folder: Path, texts: dict[str, str]) -> set[str]:
    """Which of the texts occur in any file below ``folder``, with the file's name."""
    patterns = {form: what for what, text in texts.items() for form in forms(text)}
    listing = folder.parent / f"{folder.name}.patterns"
    listing.write_bytes(b"\n".join(patterns) + b"\n")
    try:
        said = subprocess.run(
            ["grep", "-raoHF", "-f", str(listing), str(folder)],
            capture_output=True,
            env=os.environ | {"LC_ALL": "C"},
            check=False,
            timeout=120,
        )
    finally:
        listing.unlink()
    assert said.returncode in (0, 1, 2), said.stderr
    hits = (line.partition(b":") for line in said.stdout.splitlines())
    return {f"{patterns.get(form, '?')} in {name.decode()}" for name, _, form in hits}


def main() -> int:
    """Search the folder named; 1 and a line for each file in which something stands."""
    folder = Path(sys.argv[1])
    hits = found_in(folder, PLANTED | OF_FIXTURES)
    for hit in sorted(hits):
        print(f"planted words leaked: {hit.replace(f'{folder}/', '')}")
    files = [path for path in folder.rglob("*") if path.is_file()]
    print(f"searched {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
