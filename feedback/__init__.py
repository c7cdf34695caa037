"""The case file (案卷): what was said, what happened and what is due. Cases change only through `feedback.record.cases`.

Law as read: 信访工作条例 (2022-02-25, in force 2022-05-01), 民法典 (2020), 国办发〔2019〕51号 (好差评),
国办发〔2020〕53号 (12345). Each row that rests on an article names it.

Glossary: one word per thing everywhere (code, page, API).

| English | 中文 | meaning | also called |
|---|---|---|---|
| case | 诉求件 (信访件、工单) | one matter somebody brought, with everything that happened to it | file, ticket, work order |
| kind | 诉求类型 | complaint 投诉, help 求助, consult 咨询, suggest 建议, report 检举控告, appeal 申诉求决, praise 表扬, rectify 差评整改 | type |
| profile | 办理规程 | which rule book holds: petition 信访, hotline 12345热线, rating 好差评整改 | procedure |
| stage | 办理阶段 | first 初次办理, review 复查, re_review 复核: chained in one file | round |
| act | 办理动作 | one thing somebody does to a case; a row of STEPS | action, command |
| entry | 办理记录 | an act as it was recorded; never edited, its texts at most erased by decision; chained by digests | event |
| status | 办理状态 | projected from the entries | state |
| clock | 时限 | a statutory or promised limit, computed from the entries and the calendar | deadline, time limit |
| tenure | 承办期 | the days during which a unit holds a case, as lead 主办 or co-unit 协办 | assignment period |
| desk | 受理窗口 | the reception that takes a case before it has a unit | intake |
| unit | 承办单位 | whoever must answer | department, agency |
| actor | 操作人 | whoever acts: citizen 群众, staff 工作人员 or the system itself | user |
| recalculation | 重新计算 | the system recomputes a case that an older version computed otherwise | refold (the stored act) |
| access bar | 回避 | a unit that may never learn of a case, such as the accused | recusal, conflict of interest |
| category | 内容分类 | what a case is about, 2 or 4 digits | class, label |
| urge | 催办 | the citizen or a supervisor asks for speed | reminder |
| supervise | 督办 | a supervisor orders the unit to act and answer | escalation order |
| rectification | 差评整改 | what a bad rating opens, a case of its own | follow-up case |
| edition | 期次、版本 | figures of a period, or a calendar, frozen: corrected by the next one, never edited | snapshot, version |
| ground | 不予受理、不再受理、告知的情形 | why a matter is not taken up; a row with its article | reason code |
| legal route | 法定途径 | the procedure a claim is led to (信访工作条例 第三十一条) | remedy |
| outcome | 处理结论 | support 予以支持, explain 解释说明, reject 不予支持; of a review uphold 维持, change 变更, revoke 撤销, redo 责令重办 | decision |
| sign-off | 审签 | the head of the unit signs an answer, which until then is a draft 草稿 that no citizen sees | approval |
| successor | 承继单位 | the unit that goes on with what a closed one had | replacement |
| objection | 异议 | a unit says that a petition is not its duty; the desk consents or not | rejection of an assignment |
| commission | 交办 | an assignment with a day by which to report back; forward 转送 is one without | assignment with report-back |
| condition | 标志 | a state of affairs projected from the entries, such as a pending objection | flag of state |
| endorsement | 单位负责人同意延期 | a unit's head agrees to a longer term of a 12345 order; the centre decides | approval |
| on account (hold) | 挂账 | an order that cannot be solved now, put aside to a day by the centre | suspension |
| local term | 承诺时限 | a term shorter than the law's | promise, SLA |
| letter | 文书 | an official letter an act issues, numbered and checkable | document |
| representative, proxy | 代表、代理人 | who stands beside the petitioner: at most five of a joint petition, or somebody for a person | agent |
| guardian, heir | 监护人、承继人 | who speaks for a minor, and who goes on with the matter of somebody who died; parties with a right and its proof | legal representative, successor in title |
| marker | 标记 | what is true of a case besides its status: a minor 未成年人, 越级, 积案, 领导包案 | label, tag |
| simple procedure | 简易办理 | three and ten working days for what is small, clear and undisputed; turns ordinary with its first day | fast track |
| roster | 值班表 | who is on duty, from when until when | on-call schedule |
| repeat, campaign | 重件、同类来件 | the same matter by the same person, or by several | duplicate, mass filing |
| trigger | 督办情形 | the fact on which a supervision order rests | rule |
| measure | 督办措施、三项建议 | 约谈, 通报, 挂牌督办, 限期整改 and the three suggestions, addressed to a unit | sanction, recommendation |
| escalation | 逐级告知 | who is notified at which level of a clock | notification level |
| digest | 汇总 | what a unit is sent every working morning | summary |
| key figure | 考核指标 | a rate over counted facts, with its formula | KPI |
| release, candidate | 模型版本、候选版本 | a fitted classifier in force, or one that is tried against it | model version |
| training label | 学习样例 | what somebody decided, as the classifier may learn it | correction |
| usual units | 通常由谁办理 | who took on such cases before, learnt from confirmed ones; decides nothing | recommendation |
| flag | 关注标记 | words that deserve attention; never changes a clock | alert |
| topic | 热点 | what several people complain about | cluster, trend |
| provisioning | 建立 | a district's units, regions, routing rows and people, imported from files as a whole | init |
| second factor | 两步登录 | a code beside the password, good once | TOTP, 2FA |
| correction | 更正 | a person's name, telephone, document or address is written over, on their request | rectification (of data) |
| erasure | 删除 | texts, persons and files of a case are destroyed on request; codes, times and digests stay | right to be forgotten |
| restriction | 限制、拒绝处理 | a person refuses publication, calls or the machine | objection (GDPR) |
| light | 时限灯 | green 绿 in time, amber 黄 near, red 红 late | traffic light |
"""
