"""Names that callers say are hidden on every screen, and other words are left alone: more than 250 written cases."""

from __future__ import annotations

import pytest

from nlp.masking import mask_text, names_of

# Where a name stands, with what may stand around it in a call; {} is the name.
_SAID = [
    "我叫{}，住在城北",
    "你好，我叫{}我想问一下社保的事",
    "我的名字叫{}。",
    "我名字是{}，你记一下",
    "姓名：{}",
    "姓名 {} 电话稍后给",
    "我是{}，昨天打过电话的",
    "喂，我是{}。",
    "打我的人，他叫{}，三十来岁",
    "她叫{}你们查一下",
    "我老公叫{}，天天喝酒",
    "包工头叫{}欠我们钱",
    "联系人：{}，下午都在",
    "坐席：请问怎么称呼？\n来电人：{}。",
    "您贵姓？\n我叫{}。",
    "请问您叫什么名字？{}",
    "对方自称{}，说是银行的",
    "本人{}，今年六十二岁",
    "有个叫{}的人一直打电话",
    "邻居{}把路堵了",
    "被告是{}，在外地",
    "房东{}不退押金",
    "这边是{}，我再补充一点",
    "名叫{}，个子不高",
]
_NAMES = ["王建国", "李芳", "张晓燕", "欧阳振华", "陈志强", "刘洋", "赵丽君", "周大海", "孙玉梅"]
_CASES = [(said, name) for said in _SAID for name in _NAMES]

# (text, the parts of names in it that must not show)
_WRITTEN = [
    ("我姓王，叫建国", ["建国"]),
    ("免贵姓欧阳，名振华", ["振华"]),
    ("我姓陈名字叫秀英，耳东陈", ["秀英"]),
    ("我叫阿依古丽·买买提，在学校门口", ["依古丽", "买买提"]),
    ("姓名：斯琴高娃", ["琴高娃"]),
    ("他叫于海波今年五十了", ["海波"]),
    ("我叫马小军，马上要过年了", ["小军"]),
    ("我叫高峰，高速上车坏了", ["峰"]),
    ("我叫杨树林家里漏水", ["树林"]),
    ("我叫安静，静是安静的静", ["静，"]),
    ("我叫何伟民，何伟民，听清楚没有", ["伟民"]),
    ("我叫吴桂花。好的吴桂花您说", ["桂花"]),
    ("我叫许多多想问一下", ["多多"]),
    ("我妈叫林秀兰，我爸叫郭永福", ["秀兰", "永福"]),
    ("死者黄家旺，家属还没联系上", ["家旺"]),
    ("我儿子罗子轩在学校被打了", ["子轩"]),
    ("法定代表人是蔡文斌，人跑了", ["文斌"]),
    ("司机叫冯强，车牌我记下了", ["冯强"]),
    ("我是退休教师，我叫曹淑珍", ["淑珍"]),
    ("姓名是魏东", ["魏东"]),
    ("户名：邓超群，开户行不记得", ["超群"]),
    ("坐席：您的姓名？\n来电人：我叫薛平贵", ["平贵"]),
    ("坐席：贵姓？\n来电人：嗯，我姓贾，叫贾小云", ["小云"]),
    ("我叫上官云飞，复姓上官", ["官云飞"]),
    ("我是钟丽，想反映一下楼道的事", ["钟丽，"]),
    ("举报人：段玉龙", ["玉龙"]),
    ("我女儿潘婷婷三天没回家", ["婷婷"]),
    ("我丈夫石磊打我", ["石磊"]),
    ("他冒充雷军民警察，骗了我", ["军民"]),
]

# Nobody is named here.
_NOBODY = [
    "我叫了救护车还没来",
    "我叫他不要动手",
    "我叫马上派人过来",
    "我叫你们领导接电话",
    "他叫我还钱",
    "她叫得很大声",
    "我是高中生",
    "我是江西人",
    "我是江苏过来打工的",
    "我是林业局的",
    "我是方圆物业的",
    "我是房东",
    "我是房东的儿子",
    "我是租客，房东不退钱",
    "我是常住户口",
    "我是党员",
    "我是农民工",
    "我是单亲妈妈",
    "我是温州来的",
    "我是金店老板",
    "我是白血病患者",
    "我是管理员",
    "我是路过的",
    "我是应届毕业生",
    "我是来投诉的",
    "我是想问一下工资的事",
    "我是于昨天下午报的警",
    "我是从外地来的",
    "我是王先生",
    "我是李女士",
    "我是陈某",
    "我是张某某",
    "邻居王大妈家漏水",
    "邻居张口就骂",
    "邻居家的狗叫了一夜",
    "邻居马上要动工",
    "邻居常年堆垃圾",
    "邻居方面不同意",
    "房东安装了门禁",
    "老板马上跑路了",
    "老板高兴才给钱",
    "老板白天不在",
    "我儿子高三",
    "我儿子成绩不好",
    "我女儿周末回来",
    "我丈夫常常喝酒",
    "我老公任何事都不管",
    "同事周一才上班",
    "负责人何时能来",
    "经理说解决不了",
    "司机严重超速",
    "公司法人许多人找不到",
    "村民黄河边的地被占了",
    "书记关心一下",
    "业主群里说的",
    "学生安全没有保障",
    "病人康复以后",
    "名字不方便说",
    "姓名保密",
    "不用记姓名",
    "联系人：本人",
    "坐席：您贵姓？\n来电人：不说行不行",
    "坐席：怎么称呼您？\n来电人：先不留名字",
    "这是万达广场",
    "这里是武汉路",
    "那边是石板桥",
    "叫单位出证明",
    "狗一直叫，白天也叫",
    "自称白领，三十岁上下",
    "本人常年在外",
    "我姓王",
    "张律师怎么说的",
    "孩子名字还没起",
]


def test_there_are_enough_cases() -> None:
    assert len(_CASES) + len(_WRITTEN) + len(_NOBODY) >= 250


@pytest.mark.parametrize("said", _SAID)
def test_a_name_that_is_introduced_keeps_its_first_character_only(said: str) -> None:
    for name in _NAMES:
        text = said.format(name)
        masked = mask_text(text)
        assert name[1:] not in masked, text
        assert name[0] in masked
        assert len(masked) == len(text)
        before, after = said.split("{}")
        assert masked.startswith(before), text
        assert masked.endswith(after[1:]), text


@pytest.mark.parametrize(("text", "hidden"), _WRITTEN)
def test_names_as_they_are_said(text: str, hidden: list[str]) -> None:
    masked = mask_text(text)
    assert len(masked) == len(text)
    for part in hidden:
        assert part not in masked


@pytest.mark.parametrize("text", _NOBODY)
def test_other_words_stay(text: str) -> None:
    assert mask_text(text) == text


def test_a_name_is_hidden_in_every_piece_of_its_call() -> None:
    names = names_of("刘桂珍", ["我叫刘桂珍，我儿子叫罗子轩", "他在二中"])
    assert mask_text("罗子轩的班主任", names) == "罗**的班主任"
    assert mask_text("刘桂珍您好", names) == "刘**您好"
    assert mask_text("您好", names) == "您好"


@pytest.mark.parametrize("recorded", ["王女士", "匿名", "陈某某", "未知", "", None])
def test_what_is_no_name_is_not_looked_for(recorded: str | None) -> None:
    assert mask_text("这位王女士说匿名也行，未知", names_of(recorded, [])) == "这位王女士说匿名也行，未知"


def test_a_masked_text_stays_as_it_is() -> None:
    for text in [said.format(name) for said, name in _CASES]:
        assert mask_text(mask_text(text)) == mask_text(text)
