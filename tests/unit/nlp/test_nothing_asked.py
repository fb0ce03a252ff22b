"""Silence, and calls about nothing: what is closed by machine was truly nothing, and a plea for help never is.

The rows were written before anything was measured on them. The cue is 无声或挂断: on 110 a call that broke off
after few words is meant too, so six such rows, labelled as none at first, carry it. Before the rules were mended on the
others precision was 0.91 and recall 0.94 by these labels (29 of 32 heard, 31 wanted). The last fourteen rows of silence
were written after that.
"""

from __future__ import annotations

import pytest

from nlp.deep.reader import SecondReader, load_second_reader
from nlp.reading import CallReader

# line | silence | transcript
_SILENCE = """
110|1|（只有呼吸声）
110|1|（有敲击声，无人应答，三十秒后挂断）
110|1|喂……（电话挂断）
110|1|（哭声）（断线）
110|1|嗯（长时间沉默）
110|1|（背景有电视声，没人说话）
110|1|（嘟嘟声）
110|1|喂喂（杂音很大，随后挂断）
110|1|
110|1|。。。
12345|1|（静音）
12345|1|喂，喂？（无声）
12345|1|（没有声音，已挂机）
12345|1|（风声）喂（挂断）
12345|1|啊
12348|1|（无人讲话）
12348|1|（电流声）
12348|1|喂？（对方不说话，挂断）
12345|1|（抽泣声，没有讲话）
110|1|（喘息声）（通话中断）
110|1|哦（忙音）
12345|1|……（背景音嘈杂，无人应答）
110|1|（小孩哭声，无人说话）
12348|1|嗯嗯（断线）
110|1|呃，（有人喘气，电话突然断了）
12345|0|我家楼上半夜敲击地板，吵得睡不着
12345|0|打过去没人接，一直是忙音，你们号码是不是坏了
12345|0|喂你好，我们小区昨天停电到现在
110|0|隔壁传来哭声，还有砸东西的声音，快来看看
110|0|有人在楼下哭，喊救命
110|0|电话里对方威胁我，然后挂断了
12345|0|路口的喇叭杂音太大，风声一样，整晚响
12345|0|公交车报站没有声音，老人听不见
12345|0|客服不说话就挂断，我要投诉
12348|0|他一句话不说就把电话挂了，借条还有用吗
12348|0|我沉默不表态算不算同意离婚
12345|0|噪声，每天晚上都有
110|1|抢劫（断线）
110|1|救命啊（挂断）
110|1|着火了（电话断）
12345|0|停水了
12345|0|路灯不亮
12348|0|工资不发怎么办（断线）
12345|0|喂，听得到吗，我想问一下医保怎么交
110|1|我在宾馆三楼，门打不开（挂断）
12345|0|隔壁电视开很大，背景音都传到我家
12345|0|没人说话算数，找谁都推
12345|0|办事窗口没人应答，铃按了半天
110|1|有人跟着我，我不敢大声，（挂断）
110|1|他要杀我（哭声）（断线）
12345|1|，，（只有风声）
12348|1|嗯……（无人说话，挂机）
12345|1|！（电流声）
110|1|啊，（杂音，断线）
12348|1|（呼吸声）（已挂断）
12345|1|喂喂喂喂喂
110|1|喂你好（长时间沉默，挂断）
12345|0|要低保
12345|0|漏水
12348|0|被辞退
12345|0|没电了（方言）
12348|0|断绝关系行不行
12345|0|公园音响的嘟嘟声太吵
12345|0|她沉默寡言，在学校被孤立，我该找谁
"""
# line | nothing asked | transcript
_NOTHING = """
12345|1|喂，老李吗？哦打错了
12345|1|不好意思按错了
12345|1|这是不是移动公司啊，哦不是啊，那我打错了
12348|1|喂，是送水的吗，不是啊，那算了
12345|1|我就试一下这个号码能不能打通
12345|1|测试测试，一二三，听得到就行了
12345|1|哈哈哈你猜我是谁
12345|1|小朋友拿手机玩的，不好意思啊没事
110|1|哎呀口袋里自己拨出去的，没事没事
110|1|我手机碰到紧急呼叫了，没有事情
12345|1|没事了没事了，我不问了
12345|1|唱首歌给你听吧，啦啦啦
12348|1|我打错了，我要打的是银行
12345|1|喂，妈，我晚上不回去吃饭了，咦你是谁
12345|1|你好，请问是张师傅吗，不是？哦对不起
12345|1|没什么事，就是拨着玩的
12345|1|我找快递的，号码存错了
12345|1|喂喂喂，喂，听不见，挂了
12345|1|新手机试试声音
12345|1|你是机器人还是真人呀，哈哈，好了没事了
110|1|对不起对不起孩子乱按的，我们没报警
12345|1|我想订两张电影票，啊打错了啊
12348|1|哦这里是法律咨询啊，我打错了，再见
12345|1|奥打错啦打错啦
12345|1|无聊，陪我聊聊天呗，开玩笑的，拜拜
12345|1|喂是外卖小哥吗我在楼下，啊不是啊，拨错了
12345|1|你好，再见
12345|1|这边信号测试，请忽略本次通话
12345|0|救救我
12345|0|我不想活了
12345|0|你们快点来人
12345|0|我打错人了，他现在躺地上不动了
12345|0|孩子按错电梯，现在被关在里面了
12345|0|没事，就是他又打我了，我习惯了
12345|0|老人走丢了，帮帮忙
12345|0|喂，我喘不上气
12345|0|我想问个事
12345|0|停电
12345|0|你们管不管啊
12345|0|不好意思打扰了，我家断水两天了
12345|0|没人管我了，药也吃完了
12345|0|打错卡算迟到，公司扣我一天工资
12345|0|我转错账了，钱打到别人那里去了
12345|0|有人测试我家门锁，半夜来撬
12345|0|玩笑开大了，他拿刀出来了
12345|0|家里就我一个小孩，有人敲门
12345|0|奶奶叫不醒了
12345|0|头好晕，煤气好像没关
12345|0|下水道堵了
12345|0|我要投诉
12345|0|低保还发不发
12348|0|欠条没写日期
12348|0|离婚
12348|0|想找个律师
12345|0|对不起，我真的撑不下去了
12345|0|算了，你们也帮不了我，我走了，替我照顾孩子
12345|0|喂，他来了，我小声点
12345|0|我试过跟他讲道理，没用，他还是打
12345|0|买的手机是坏的，店家说不认识我
12345|0|小孩乱按把我账户的钱充游戏了，能退吗
12345|0|按错了把一万块转给骗子了
12345|0|垃圾没人收
12345|0|狗
12345|0|那个路口
12345|0|我妈妈在地上睡着了，一直不起来
12345|0|我吃了好多药
12345|0|他们不让我走
12345|0|血止不住
12345|0|没事没事，就是流了点血，能不能叫个医生
12345|0|打错了吗，我是想报一下漏电，杆子上冒火花
12345|0|不好意思，我不太会说，就是儿子不要我了
"""
#: Of what the policy lets a machine close (``min_confidence`` of the closing bar in policy.toml).
_CLOSED_FROM = 0.75


def _rows(told: str) -> list[tuple[str, bool, str]]:
    rows = (row.split("|") for row in told.strip().splitlines())
    return [(line, flag == "1", text) for line, flag, text in rows]


@pytest.fixture(scope="module")
def second(reader: CallReader) -> SecondReader:
    joined = load_second_reader(reader)
    if joined is None:
        pytest.skip("the extra [deep] is not installed")
    return joined


def test_silence_is_precise_and_seldom_missed(reader: CallReader) -> None:
    rows = _rows(_SILENCE)
    answers = reader.read_batch([(text, line) for line, _, text in rows])
    heard = [any(cue.kind == "silence" for cue in answer.cues) for answer in answers]
    wrong = [text for (_, gold, text), said in zip(rows, heard, strict=True) if said != gold]
    right = sum(said and gold for (_, gold, _), said in zip(rows, heard, strict=True))
    assert right / sum(heard) >= 0.9, wrong
    assert right / sum(gold for _, gold, _ in rows) >= 0.9, wrong


def test_what_would_be_closed_was_nothing(reader: CallReader) -> None:
    rows = _rows(_NOTHING)
    answers = reader.read_batch([(text, line) for line, _, text in rows])
    closed = [
        (text, gold)
        for (_, gold, text), answer in zip(rows, answers, strict=True)
        if answer.route == "invalid" and not answer.review and answer.confidence >= _CLOSED_FROM
    ]
    assert [text for text, gold in closed if not gold] == []
    assert closed, "nothing would be closed: what calls about nothing cost is no longer saved"


def test_calls_about_nothing_are_called_so(reader: CallReader) -> None:
    rows = _rows(_NOTHING)
    answers = reader.read_batch([(text, line) for line, _, text in rows])
    called = [(text, gold) for (_, gold, text), answer in zip(rows, answers, strict=True) if answer.route == "invalid"]
    wrong = [text for text, gold in called if not gold]
    assert sum(gold for _, gold in called) / len(called) >= 0.8, wrong


def test_nothing_is_closed_on_the_second_readers_word(second: SecondReader) -> None:
    rows = _rows(_NOTHING)
    first = second.first.read_batch([(text, line) for line, _, text in rows])
    for (line, _, text), answer in zip(rows, first, strict=True):
        if answer.route != "invalid" or answer.review:
            both = second.sharpen(answer, text, line=line)
            assert both.route != "invalid" or both.review, text
