extension Templates {
    static let record: [(name: String, text: String)] = [
        (
            "ledger",
            #"""
            <header class="head"><p class="kicker">Ledger</p><h1><bdi>{{name}}</bdi></h1><p class="lead">Every event in the order in which it counted. Entries are only ever added; each is chained to the one before it by a hash.</p></header>
            <form class="filters" method="get" action="{{action}}" role="search">
            <p class="wide"><label for="subject">Subject</label><input id="subject" name="subject" value="{{subject}}" autocomplete="off" spellcheck="false"/></p>
            <p class="wide"><label for="purpose">What for, if a subject is named</label><input id="purpose" name="purpose" value="{{purpose}}" autocomplete="off"/></p>
            <p><label for="partition">Partition</label><input id="partition" name="partition" value="{{partition}}" inputmode="numeric" pattern="[0-9]*" size="4"/></p>
            <p><label for="offset">From offset</label><input id="offset" name="offset" value="{{offset}}" inputmode="numeric" pattern="[0-9]*" size="10"/></p>
            <p class="moment"><label for="from">From time</label><input id="from" name="from" value="{{from}}" placeholder="2026-11-30T00:00:00Z" size="20"/></p>
            <p><button>Find</button></p>
            </form>
            {{#mistake}}<p class="banner bad" role="alert">{{.}}</p>{{/mistake}}
            <section aria-labelledby="entries"><h2 id="entries">Entries</h2>
            {{#hasEntries}}<div class="scroll" tabindex="0" role="group" aria-labelledby="entries"><table class="stacked"><thead><tr><th scope="col">Position</th><th scope="col">Time</th><th scope="col">Type</th><th scope="col">Subject</th><th scope="col">Came from</th><th scope="col">Data</th></tr></thead><tbody>
            {{#entries}}<tr><th scope="row" class="n">{{partition}}/{{offset}}</th><td data-label="Time">{{#time}}{{> time}}{{/time}}{{^time}}<span class="soft">at the beginning</span>{{/time}}</td><td data-label="Type"><bdi>{{type}}</bdi></td><td data-label="Subject">{{#subject}}{{> subject}}{{/subject}}{{^subject}}<span class="soft">none</span>{{/subject}}</td><td data-label="Came from" class="id"><bdi>{{origin}}</bdi></td><td data-label="Data">{{#data}}<details><summary>Data<span class="unseen"> of {{partition}}/{{offset}}</span></summary><pre tabindex="0">{{.}}</pre></details>{{/data}}{{^data}}<span class="soft">–</span>{{/data}}</td></tr>
            {{/entries}}</tbody></table></div>
            {{> next}}{{/hasEntries}}{{^hasEntries}}{{#isAsked}}<p class="empty"><strong>No entry matches.</strong> Look from an earlier offset or time.</p>{{/isAsked}}{{^isAsked}}<p class="empty"><strong>Name a subject, or choose a partition below.</strong> A partition shows its newest entries; an offset or a time shows what came from there on.</p>{{/isAsked}}{{/hasEntries}}</section>
            <section aria-labelledby="chain"><h2 id="chain">Chain and checkpoints</h2>
            <p class="soft">A checkpoint is the chain's hash up to an offset, signed. It proves that nothing before it was changed.</p>
            <div class="scroll" tabindex="0" role="group" aria-labelledby="chain"><table class="stacked"><thead><tr><th scope="col" class="n">Partition</th><th scope="col">State</th><th scope="col" class="n">Entries up to</th><th scope="col">Clock</th><th scope="col">Hash</th><th scope="col" class="n">Checkpoint</th></tr></thead><tbody>
            {{#partitions}}<tr><th scope="row" class="n"><a href="{{path}}">{{partition}}<span class="unseen"> of the ledger</span></a></th><td data-label="State">{{#state}}{{> badge}}{{/state}}</td><td class="n" data-label="Entries up to">{{end}}</td><td data-label="Clock">{{#clock}}{{> time}}{{/clock}}{{^clock}}<span class="soft">none yet</span>{{/clock}}</td><td data-label="Hash"><code class="hash" data-copy="{{hash}}">{{shortHash}}</code></td><td class="n" data-label="Checkpoint">{{checkpoint}}{{#checked}} <span class="soft">{{> time}}</span>{{/checked}}</td></tr>
            {{/partitions}}</tbody></table></div></section>
            """#
        ),
        (
            "audit",
            #"""
            <header class="head"><h1>Audit</h1><p class="lead">Who looked, who decided, who changed. <span class="badge {{chainLevel}}">{{chainWord}}</span> {{chain}}</p></header>
            <form class="filters" method="get" action="{{action}}" role="search">
            <p><label for="actor">Who</label><input id="actor" name="actor" value="{{actor}}" autocomplete="off" spellcheck="false"/></p>
            <p class="wide"><label for="subject">About whom</label><input id="subject" name="subject" value="{{subject}}" autocomplete="off" spellcheck="false"/></p>
            <p><label for="action">What</label><select id="action" name="action"><option value="">anything</option>{{#actions}}<option value="{{value}}"{{#isChosen}} selected="selected"{{/isChosen}}>{{text}}</option>{{/actions}}</select></p>
            <p><button>Find</button></p>
            </form>
            {{#hasRows}}<div class="scroll" tabindex="0" role="group" aria-label="Records of the audit"><table class="stacked"><thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">About whom</th><th scope="col">Why</th><th scope="col">Outcome</th></tr></thead><tbody>
            {{#rows}}<tr><td data-label="Time">{{#time}}{{> time}}{{/time}}</td><th scope="row"><bdi>{{actor}}</bdi></th><td data-label="What" class="text">{{what}}{{#details}} <span class="soft id"><bdi>{{name}}</bdi> <bdi>{{value}}</bdi></span>{{/details}}</td><td data-label="About whom">{{#about}}{{> subject}}{{/about}}{{^about}}<span class="soft">–</span>{{/about}}</td><td data-label="Why" class="text">{{#why}}{{.}}{{/why}}{{^why}}<span class="soft">–</span>{{/why}}</td><td data-label="Outcome">{{#outcome}}{{> badge}}{{/outcome}}</td></tr>
            {{/rows}}</tbody></table></div>
            {{> next}}{{/hasRows}}{{^hasRows}}<p class="empty"><strong>Nothing is recorded that matches.</strong> Looks at files, decisions and changes appear here within a second.</p>{{/hasRows}}
            """#
        ),
    ]
}
