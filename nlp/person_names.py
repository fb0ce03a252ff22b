"""Finds names of people where somebody says or writes them as a name, so that screens can hide them.

A name alone is not told from other words (高峰, 方便, 江南); what stands before it tells it: 我叫, 姓名, 他是, 邻居.
The nearer that word is to "a name follows", the less the name itself must prove.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

#: A name of fewer characters is not looked for again: it would be found in other words.
_SHORTEST = 2
# What stands in the field of a name and is none.
_NOT_RECORDED = re.compile("本人|匿名|保密|未知|不详|某|先生|女士|小姐|同志|话务|坐席|无名")

_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜"
    "倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳"
    "裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边肖付代闫党仇滕荣宫冼佘岑娄郁卓蒙池冷佟麦计蓝刁"
    "诸尚农晏巫阚符臧简饶敖窦卞晋储褚奚麻商全亓鄢占揭谈宗明丘米古喻连官慕燕巩隆巴沙哈仲应惠"
)
_COMPOUND = re.compile("欧阳|上官|司马|诸葛|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|端木|独孤|南宫|轩辕|宇文|长孙|申屠|东方")
# These begin too many other words to be a surname where nothing but a role or "是" stands before them.
_DOUBTFUL = frozenset("于万位单成时常向查强房车边路管解游包席植明应全占付官计农商代党米古连沙哈尚左司谈仇麻")
# Surname and the second characters that make it another word: 高速, 方便, 马上.
_WORD_LIST = """
王:国室家位者朝 黄:河金色土昏沙山花海鳝豆牛码牌线区 周:围期边末岁到身一二三四五六日天年转
江:南苏西北山淮水面中边浙河 林:区业中场地 何:况必处以等时不在故种尝用 文:化学章物字件艺库献书人集革官科教凭体本员明
方:面法式向案针便言位形圆自帐输可
高:兴速度级中校考原手等温出层山低效压产档空粱新端程地额铁利三一二危龄血烧跟矮个楼价龙 马:上路蹄力车里桶拉 许:多可诺
田:地径间里埂 任:课务何期免职命教意用 关:系于键注心闭节联头税切门押照了掉 安:全排装置心慰放徽静检
金:融属额钱牌花项店条 石:头油膏器块材板子 白:色天衣血人酒班领 武:汉器装力术警 程:度序 钱:款财都包币数
时:间候期代刻常 董:事 严:重格肃厉禁查惩打 毛:病巾 温:度暖泉州岭 夏:天季 章:程 童:年装话联 申:请报诉领 汪:洋 段:时
雷:电雨 龙:头虾 陆:续地 景:区点观色 洪:水涝灾 苗:木圃 华:侨人 费:用多能 盛:大 施:工行压救 毕:业竟 庄:稼严 舒:服
纪:念律检委录 康:复养 牛:肉奶羊 曾:经多向于致质在任 常:常年住见务用识规委设 宁:愿波夏可 余:额下款地 柴:油火 尤:其
莫:名非 项:目链 易:燃 游:客戏玩泳 焦:急虑点 曲:折 甘:肃蔗 万:一元块人多岁 成:年为立功绩长员本分都 钟:点头 池:塘
麻:烦将辣醉 宫:颈外 荣:誉幸 付:款钱费了清 代:理替表办 占:用道地据 全:部家都市国体 明:明天年白确知显 连:续夜忙同锁
简:单直 符:合 商:家场业户量铺贩品 农:民村业户药田 应:该当急 古:城镇 米:线饭 宗:教旨地 谈:话好恋一 惠:民州 沙:发子场
党:员支委组 尚:未 计:划算生 储:户蓄存 卓:越 冷:静饮库 麦:子地 仲:裁介 隆:重 丁:字 陈:述旧列设 张:贴口嘴开家 杨:树梅
李:子家 吴:江中 苏:州 徐:州 郑:州 兰:州 沈:阳 贺:州 柳:州 梅:州 赵:庄 孙:子女辈 胡:乱同说搞 朱:红 唐:山代 宋:代
韩:国式 谢:谢绝 贾:汪 蒋:村 姜:汤 彭:州 邓:州 阳:光台 汤:里 龚:滩 岳:父母家 凌:晨 邢:台 房:子东
"""
_WORDS = {word[0]: frozenset(word[2:]) for word in _WORD_LIST.split()}
# Who a person is, not what they are called: 王先生, 李大妈, 张律师, 陈某.
_TITLE = re.compile(
    "先生|女士|小姐|同志|师傅|老师|律师|医生|大夫|警官|经理|主任|书记|老板|局长|所长|队长|院长|校长|科长|处长|厂长"
    "|站长|组长"
    "|总|工(?![一-鿿])|某|氏|姓|大妈|大爷|大姐|大哥|大叔|大伯|大嫂|阿姨|叔|姨|哥|姐|嫂|婶|伯|爷|奶|姑娘|家(?![一-鿿](?:[^一-鿿]|$))|村|庄|镇"
    "|县|市|区|庙|湾|屯|岭|坝|桥|路|街"
)
# No given name holds these.
_NEVER = frozenset(
    "我你您咱他她它们的了着过吗吧呢啊呀哦噢嗯嘛么哈啦诶喂就都也还不没很太最把被让给跟及或但所则又再这那哪谁啥几个位号去打骂欠说讲喊哭闹"
    "拿偷抢骗租买卖吃喝住问找报咨询投诉反要应该得往从电话手机证件份市省区县街厂店账户是在做当因以为像每岁男女叫姓买卖拖赔借收退"
)
# Words that may follow a name and begin with what a name may hold as well: 王芳想问, 李强今年.
_NEXT = re.compile(
    "想[问请要知找让把跟买退说了咨投反]|可以|可能|能[不帮否给]|会[不说]|家[住里在的]|有[个点一事没限房两三]"
    "|今[年天早]|明天|来[自电投反问的办]|现[在年住]|联系"
    "|向[你您我他]|和[我你您他她老邻妻家对]|年[龄纪]|身[份高上]|性别|民[族警]|由于|关于|对[的方我]|请[问你您帮]"
    "|麻烦|前[天几年两]|昨[天晚]|上[个周次午班]|下[午班]|本人"
    "|工[号作地]|老[家婆公板人]|小[区孩姐]|地[址方]|单位|公司|经[理常过营]|先生|女士|小姐|同志|师傅|四川|湖南|湖北"
    "|河[南北]|山[东西]|安徽|江[苏西]|浙江|福建|广[东西]|贵州"
    "|云南|陕西|东北|因为|现任|时[候间]|同[学事村]|一[直个家起]|二[十零]|三十|四十|五十|六十|七十|八十|昨|此"
    "|等人?(?![一-鿿])|与|开[车了]|动手|带[人着]|多次|经常|已经?"
)
_HAN = "[一-鿿]"
# Names of other peoples carry the mark themselves: 阿依古丽·买买提.
_DOTTED = re.compile(f"{_HAN}{{2,8}}(?:[·•・‧]{_HAN}{{1,10}}){{1,2}}")
_LED = re.compile(r".*(?:叫|是|名|为)(?=..)")
_PLACE = re.compile("[市区县路街园苑城府院镇店馆湾村]")
_TALK = re.compile("[了着吗呢的这那都我你]{1}.*[·•・‧]|[·•・‧].*[了着吗呢的这那都]")
_DOTS = re.compile("[·•・‧]")
_FREE = re.compile(rf"{_HAN}{{2,4}}(?!{_HAN})")
_LINK = r"[\s:：,，、\"“'‘「（(]{0,3}"
_FIELDS = (
    "姓名|名字|全名|大名|本名|户名|联系人|来电人|报警人|投诉人|申请人|举报人|反映人|求助人|咨询人|收件人|开户人|当事人"
)
_ASKED = (
    r"(?:贵姓|怎么称呼|(?:姓名|名字|全名)(?:是)?(?:什么|多少|呢)?|叫什么(?:名字)?|叫啥)"
    r"[^\n。?？,，：:]{0,4}[?？。,，\n]{1,2}(?:[^\n:：]{1,6}[:：])?"
    rf"(?:哦|嗯|啊|呃|那个)?{_LINK}(?:我?(?:叫做|叫|名叫)|我?是|我?姓)?{_LINK}"
)


class _Cue(IntEnum):
    """How surely a name follows; the surer, the less the name itself must prove."""

    ROLE = 1
    IS = 2
    CALLED = 3
    FIELD = 4


_FIELD_CUE = rf"(?:(?:{_FIELDS})(?:(?:是|叫做|叫|为|写的是|就是){_LINK}|[\s:：]{{1,3}})|{_ASKED})"
_CUES = (
    (_Cue.FIELD, re.compile(_FIELD_CUE + r"\Z")),
    (
        _Cue.CALLED,
        re.compile(
            r"(?:(?:^|[我他她俺咱人名字子方者夫妻公婆儿女父母爸妈板东居友事头师生员的个机太伙姐妹哥弟称主医警长,，。\s])"
            rf"(?:就|也|都|是|好像|好象|应该是)?(?:叫做|叫作|名叫|叫)(?:个|什么)?{_LINK})\Z"
        ),
    ),
    (
        _Cue.IS,
        re.compile(
            rf"(?:(?:[我他她俺这那方字者称边里人]|自称|名字)(?:就|还|好像)?是{_LINK}|(?:自称|本人|冒充|冒用){_LINK})\Z"
        ),
    ),
    (
        _Cue.ROLE,
        re.compile(
            "(?:丈夫|妻子|老公|老婆|爱人|前夫|前妻|儿子|女儿|父亲|母亲|爸爸|妈妈|公公|婆婆|岳父|岳母|哥哥|弟弟|姐姐|妹妹|孙子|孙女|女婿|儿媳|男友|女友|男朋友"
            "|女朋友|邻居|室友|同事|朋友|同学|亲戚|老乡|网友|老板|房东|租客|包工头|工头|班主任|负责人|经理|店长|法人代表|法人|法定代表人|被告|原告|被告人|受害人"
            "|嫌疑人|当事人|肇事者|司机|债务人|债权人|担保人|借款人|出租人|承租人|证人|死者|伤者|村民|居民|业主|户主|学生|患者|病人|工人|员工|村主任|村长|村支书|书记|支书"
            rf"|局长|所长|校长|老师|医生|律师|警官|队长|院长|主任|科长)(?:就?是)?{_LINK}\Z"
        ),
    ),
)
# What stands right before a name in any of these: the quick look before the careful one.
_CANDIDATE = re.compile(
    rf"[{''.join(sorted(_SURNAMES | set('欧上司诸皇公慕令夏端独南轩宇长申东')))}]"
    r"(?<=[\s:：,，、\"“'‘「（(?？。\n叫是为做作个么夫妻公婆人儿子女亲爸妈父母哥弟姐妹孙婿媳友居室事学戚乡板东客头任理长告者机主生员民记师官称本充用边姓我].)"
)
_NAMED = re.compile(_FIELD_CUE)
_NO_NAME = re.compile(
    rf"[{''.join(sorted(_NEVER))}]|本人|坐席|匿名|保密|未知|不详|公司|集团|中心|[队部所局院校厂]$|先生|女士"
)
# 我姓王，叫建国: the name comes in two pieces.
_IN_PIECES = re.compile(rf"姓({_HAN}{{1,2}}?)[,，、\s]{{0,2}}(?:我|单)?(?:名字叫|名叫|名字|名|叫)({_HAN}{{1,2}})")
_REACH = 24
# 我是江西人, 我是高中生, 我是林业局的: who somebody is, said by a word that ends so.
_KIND_OF = frozenset("人员户生家民工商客主长师兵者方会局院校队部所处科组班站馆店中")


class PersonName(NamedTuple):
    """A name as it stands in a text; the surname stays on the screen, the given name does not."""

    start: int
    given: int
    """Where the given name begins."""
    end: int
    sure: bool
    """Whether the name ends there for certain."""


def person_names(text: str) -> list[PersonName]:
    """The names that ``text`` itself introduces, in order of place; linear in its length."""
    found = list(_dotted(text))
    for candidate in _CANDIDATE.finditer(text):
        start = candidate.start()
        before = text[max(0, start - _REACH) : start]
        cue = next((cue for cue, pattern in _CUES if pattern.search(before)), None)
        name = _name_at(text, start, cue) if cue is not None else None
        if name is not None:
            found.append(name)
    if "名" in text or "姓" in text or "称呼" in text or "联系人" in text:
        found += _without_surname(text)
    return sorted(found)


def names_in(texts: Iterable[str]) -> frozenset[str]:
    """The names that ``texts`` introduce, for hiding them wherever they are quoted: evidence, excerpts, segments."""
    names: set[str] = set()
    for text in texts:
        for name in person_names(text):
            said = text[name.start : name.end]
            if name.given > name.start:
                names.add(said)
                if not name.sure and len(said) > _SHORTEST:
                    names.add(said[:-1])
    return frozenset(name for name in names if len(name) >= _SHORTEST)


def recorded_name(name: str | None) -> frozenset[str]:
    """The caller's name as the line's record has it, if it is one: 王女士 and 匿名 are not hidden in what was said."""
    return frozenset() if not name or _NOT_RECORDED.search(name) else frozenset({name.strip()})


def name_places(text: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Every place of the given names in ``text``: all but the first character of each."""
    for name in names:
        at = text.find(name) if len(name) >= _SHORTEST else -1
        while at >= 0:
            yield at + 1, at + len(name)
            at = text.find(name, at + len(name))


def _dotted(text: str) -> Iterator[PersonName]:
    for match in _DOTTED.finditer(text) if _DOTS.search(text) else ():
        led = _LED.match(match[0])
        start = match.start() + (led.end() if led else 0)
        if not _PLACE.search(match[0]) and not _TALK.search(text[start : match.end()]):
            yield PersonName(start, start + 1, match.end(), True)


def _without_surname(text: str) -> Iterator[PersonName]:
    """After a form's field any short word is a name (斯琴高娃); after 姓王，叫 the given name stands alone."""
    for field in _NAMED.finditer(text):
        free = _FREE.match(text, field.end())
        if (
            free
            and text[free.start()] not in _SURNAMES
            and not _NO_NAME.search(free[0])
            and text[free.end() : free.end() + 1] not in {"：", ":"}
        ):
            yield PersonName(free.start(), free.start() + 1, free.end(), True)
    for match in _IN_PIECES.finditer(text):
        end = match.end()
        if match[1][0] in _SURNAMES and not _NEVER.intersection(match[2][:1]):
            while end > match.start(2) + 1 and (text[end - 1] in _NEVER or _NEXT.match(text, end - 1)):
                end -= 1
            yield PersonName(match.start(2), match.start(2), end, True)


def _name_at(text: str, start: int, cue: _Cue) -> PersonName | None:
    """The name that may begin at ``start``; None where there is none."""
    compound = _COMPOUND.match(text, start)
    family, given = text[start], compound.end() if compound else start + 1
    following = text[given : given + 1]
    if compound is None:
        weak = cue in {_Cue.ROLE, _Cue.IS}
        if family not in _SURNAMES or (weak and family in _DOUBTFUL):
            return None
        if (
            (weak or family in _DOUBTFUL or family == "马")
            and following in _WORDS.get(family, ())
            and cue is not _Cue.FIELD
        ):
            return None
    if _TITLE.match(text, given) or _NEXT.match(text, given):
        return None
    end = given
    while end < given + 2 and "一" <= text[end : end + 1] <= "鿿" and text[end] not in _NEVER:
        if end > given and _NEXT.match(text, end):
            break
        end += 1
    if end == given:
        return None
    after = text[end : end + 1]
    sure = end < given + 2 or not "一" <= after <= "鿿" or after in _NEVER or _NEXT.match(text, end) is not None
    if cue is _Cue.IS and (not sure or after == "的" or text[end - 1] in _KIND_OF):
        return None
    if cue is _Cue.ROLE and text[end - 1] in _KIND_OF:
        return None
    return PersonName(start, given if compound is None else start + 1, end, sure)
