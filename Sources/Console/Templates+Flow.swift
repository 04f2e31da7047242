extension Templates {
    static let flow: [(name: String, text: String)] = [
        (
            "sources",
            #"""
            <header class="head"><h1>Sources</h1><p class="lead">Topics that events are read from, what each gave, and how often it was wrong about somebody.{{#duplicates}} {{.}}{{/duplicates}}{{#unknown}} {{.}}{{/unknown}}</p></header>
            {{#hasSources}}<div class="cards" id="source-list" data-live="source-list">{{#sources}}<article class="card {{level}}"><div class="row"><h2 class="id"><bdi>{{topic}}</bdi></h2>{{#state}}{{> badge}}{{/state}}</div>
            {{#declaration}}<p class="soft">{{.}}</p>{{/declaration}}
            <dl class="numbers"><div><dt><abbr title="Records that this member has read since it started">Events</abbr></dt><dd>{{events}}</dd></div><div><dt>A second</dt><dd>{{perSecond}}</dd></div><div><dt>Unread</dt><dd>{{unread}}</dd></div><div><dt><abbr title="Its subject had not enrolled, so it counts for nobody">Not enrolled</abbr></dt><dd>{{notEnrolled}}</dd></div><div><dt><abbr title="Of the appeals that were decided lately against sanctions that its events can impose, how many were upheld">Error rate</abbr></dt><dd>{{errorRate}}</dd><dd class="note">{{errorNote}}</dd></div></dl>
            {{#hasDead}}<h3>Dead letters</h3><ul class="counts">{{#dead}}<li><a href="{{path}}"><bdi>{{reason}}</bdi></a><span class="n">{{count}}</span></li>{{/dead}}</ul>{{/hasDead}}{{^hasDead}}<p class="soft">No dead letters: every record was an event.</p>{{/hasDead}}
            {{#acknowledge}}<p class="buttons"><a class="button" href="{{.}}">Acknowledge it<span class="unseen">: {{topic}}</span></a></p>{{/acknowledge}}
            {{#withdraw}}<p class="buttons"><a class="button quiet" href="{{.}}">Withdraw it<span class="unseen">: {{topic}}</span></a></p>{{/withdraw}}{{#restore}}<p class="buttons"><a class="button quiet" href="{{.}}">Count it again<span class="unseen">: {{topic}}</span></a></p>{{/restore}}</article>
            {{/sources}}</div>{{/hasSources}}{{^hasSources}}<p class="empty"><strong>No source is declared.</strong> A source is a file in the folder of topics with <code>role: source</code>; its topic is read as soon as it exists.</p>{{/hasSources}}
            """#
        ),
        (
            "dead-letters",
            #"""
            <header class="head"><h1>Dead letters</h1><p class="lead">Records that were no events. Nothing of them is lost: mended, they are sent again and count as if they had been right at once.</p></header>
            {{#hasReasons}}<section aria-labelledby="reasons"><h2 id="reasons">By reason</h2>
            <table class="bars"><thead><tr><th scope="col">Reason</th><th scope="col"><span class="unseen">Bar</span></th><th scope="col" class="n">Letters</th><th scope="col">Acts</th></tr></thead><tbody>
            {{#reasons}}<tr><th scope="row"><a href="{{path}}"{{#isChosen}} aria-current="true"{{/isChosen}}><bdi>{{reason}}</bdi></a></th><td class="barcell">{{{bar}}}</td><td class="n">{{count}}</td><td>{{#redrive}}<a href="{{.}}">Send again<span class="unseen">: {{reason}}</span></a>{{/redrive}}</td></tr>
            {{/reasons}}</tbody></table></section>{{/hasReasons}}
            {{#hasLetters}}<section aria-labelledby="letters"><h2 id="letters">{{letterTitle}}</h2>
            <form method="post" action="{{action}}">
            {{> hidden}}
            <div class="scroll" tabindex="0" role="group" aria-labelledby="letters"><table class="stacked"><thead><tr>{{#canRedrive}}<th scope="col"><span class="unseen">Choose</span></th>{{/canRedrive}}<th scope="col">Record</th><th scope="col">Time</th><th scope="col">Reason</th><th scope="col" class="n">Bytes</th></tr></thead><tbody>
            {{#letters}}<tr>{{#canRedrive}}<td class="check"><input type="checkbox" name="letter" value="{{key}}" aria-label="Choose {{topic}} {{partition}}/{{offset}}"/></td>{{/canRedrive}}<th scope="row"><a href="{{path}}"><bdi>{{topic}}</bdi> {{partition}}/{{offset}}</a></th><td data-label="Time">{{#time}}{{> time}}{{/time}}</td><td data-label="Reason" class="text"><strong><bdi>{{reason}}</bdi></strong> <span class="soft">{{sentence}}</span></td><td class="n" data-label="Bytes">{{size}}</td></tr>
            {{/letters}}</tbody></table></div>
            {{#canRedrive}}<div class="form"><p><label for="reason">Why the chosen letters are sent again</label><textarea id="reason" name="reason" rows="2" required="required" maxlength="2000"></textarea></p>
            <p class="buttons"><button>Send the chosen again</button></p></div>{{/canRedrive}}
            </form>
            {{> next}}</section>{{/hasLetters}}
            {{^hasLetters}}<p class="empty"><strong>No dead letters.</strong> Every record that was read was an event.</p>{{/hasLetters}}
            """#
        ),
        (
            "dead-letter",
            #"""
            <header class="head"><p class="kicker">Dead letter</p><h1><bdi>{{topic}}</bdi> {{partition}}/{{offset}}</h1><p class="lead"><strong><bdi>{{reason}}</bdi></strong>: {{sentence}}</p>
            <p class="soft">Read {{#time}}{{> time}}{{/time}}, {{size}} bytes.</p></header>
            <div class="pair bytes">
            <section aria-labelledby="text"><h2 id="text">As text</h2><pre tabindex="0">{{text}}</pre></section>
            <section aria-labelledby="bytes"><h2 id="bytes">As bytes</h2><pre tabindex="0" class="hex">{{hex}}</pre></section>
            </div>
            {{#cut}}<p class="soft">{{.}}</p>{{/cut}}
            {{#canRedrive}}<section aria-labelledby="repair"><h2 id="repair">Repair and send again</h2>
            <p>{{hint}} Read it before you send it: it becomes somebody's evidence.</p>
            <form class="form" method="post" action="{{action}}">
            {{> hidden}}
            <p><label for="repaired">The event</label><textarea id="repaired" name="text" rows="14" spellcheck="false" required="required">
            {{proposal}}</textarea></p>
            <p><label for="reason">Reason</label><textarea id="reason" name="reason" rows="2" required="required" maxlength="2000"></textarea></p>
            <p class="buttons"><button>Send it</button> <a href="{{back}}">Back to the list</a></p>
            </form></section>{{/canRedrive}}
            """#
        ),
        (
            "lag",
            #"""
            <header class="head"><h1>Lag</h1><p class="lead">How far readers are from the end of what they read, in time, in records and in people.</p></header>
            {{#failure}}<p class="banner bad">{{.}}</p>{{/failure}}
            <div id="lag-now" data-live="lag-now">
            {{> tiles}}
            {{#hasGroups}}<h2>Groups</h2>
            <p class="soft">A group is a set of readers that share the partitions of their topics.</p>
            <div class="cards">{{#groups}}<article class="card {{level}}"><div class="row"><h3><a href="{{path}}"><bdi>{{name}}</bdi></a></h3>{{#state}}{{> badge}}{{/state}}</div>
            <dl class="numbers"><div><dt>Behind</dt><dd>{{seconds}}</dd></div><div><dt>Unread</dt><dd>{{records}}</dd></div><div><dt>Trend</dt><dd>{{trend}}</dd></div><div><dt>Caught up in</dt><dd>{{catchUp}}</dd></div></dl>
            {{{spark}}}
            {{#cause}}<p>{{.}}</p>{{/cause}}</article>
            {{/groups}}</div>{{/hasGroups}}{{^hasGroups}}<p class="empty">No group of readers is known yet.</p>{{/hasGroups}}
            </div>
            """#
        ),
        (
            "lag-group",
            #"""
            <header class="head"><p class="kicker">Group</p><h1><bdi>{{name}}</bdi> {{#state}}{{> badge}}{{/state}}</h1>{{#hasCauses}}<p class="lead">Why: {{firstCause}}</p>{{/hasCauses}}</header>
            <div id="lag-now" data-live="lag-now">
            {{> tiles}}
            {{#hasMoreCauses}}<h2>What else contributes</h2><ul class="steps">{{#causes}}<li>{{.}}</li>{{/causes}}</ul>{{/hasMoreCauses}}
            <section aria-labelledby="parts"><h2 id="parts">Partitions</h2>
            <div class="scroll" tabindex="0" role="group" aria-labelledby="parts"><table class="stacked"><thead><tr><th scope="col">Partition</th><th scope="col">Status</th><th scope="col" class="n">Behind</th><th scope="col" class="n">Unread</th><th scope="col" class="n">Read up to</th><th scope="col" class="n">End</th><th scope="col" class="n">Read/s</th><th scope="col" class="n">Arrive/s</th></tr></thead><tbody>
            {{#partitions}}<tr><th scope="row"><bdi>{{name}}</bdi></th><td data-label="Status">{{#state}}{{> badge}}{{/state}}</td><td class="n" data-label="Behind">{{seconds}}</td><td class="n" data-label="Unread">{{records}}</td><td class="n" data-label="Read up to">{{committed}}</td><td class="n" data-label="End">{{end}}</td><td class="n" data-label="Read/s">{{read}}</td><td class="n" data-label="Arrive/s">{{arrive}}</td></tr>
            {{/partitions}}</tbody></table></div></section>
            </div>
            <p class="more"><a href="{{back}}">All groups</a></p>
            """#
        ),
    ]
}
