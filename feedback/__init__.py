"""What was said, what happened, and what is due? The case file (案卷) and its one door.

Law as read: 信访工作条例 (2022-02-25, in force 2022-05-01), 民法典 (2020), 国办发〔2019〕51号 (好差评),
国办发〔2020〕53号 (12345). Each row that rests on an article names it.

Glossary: one word per thing everywhere (code, page, API).

| English | 中文 | meaning |
|---|---|---|
| case | 诉求件 (信访件、工单) | one matter somebody brought, with everything that happened to it |
| kind | 诉求类型 | complaint 投诉, help 求助, consult 咨询, suggest 建议, report 检举控告, appeal 申诉求决, praise 表扬, rectify 差评整改 |
| profile | 办理规程 | which rule book holds: petition 信访, hotline 12345热线, rating 好差评整改 |
| stage | 办理阶段 | first 初次办理, review 复查, re_review 复核: chained in one file |
| act | 办理动作 | one thing somebody does to a case; a row of STEPS |
| entry | 办理记录 | an act as it was recorded; never edited, chained by digests |
| status | 办理状态 | folded from the entries |
| clock | 时限 | a statutory or promised limit, folded from the entries and the calendar |
| tenure | 承办期 | the days during which a unit holds a case, as lead 主办 or co-unit 协办 |
| desk | 受理窗口 | the reception that takes a case before it has a unit |
| unit | 承办单位 | whoever must answer |
| actor | 操作人 | whoever acts: citizen 群众, staff 工作人员 or the system itself |
| bar | 回避 | a unit that may never learn of a case, such as the accused |
| category | 内容分类 | what a case is about, 2 or 4 digits |
| urge | 催办 | the citizen or a supervisor asks for speed |
| supervise | 督办 | a supervisor orders the unit to act and answer |
| rectification | 差评整改 | what a bad rating opens, a case of its own |
| edition | 期次 | figures of a period, frozen |
| light | 时限灯 | green 绿 in time, amber 黄 near, red 红 late |
"""
