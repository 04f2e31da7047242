extension Templates {
    static let rules: [(name: String, text: String)] = [
        (
            "policies",
            #"""
            <header class="head"><h1>Policies</h1><p class="lead">The rules by which everybody is scored, in versions. A new version applies from its entry in the ledger on, and never imposes a sanction by itself.</p></header>
            {{#hasProposals}}<section aria-labelledby="waiting"><h2 id="waiting">Waits for a second person</h2>
            <div class="cards">{{#proposals}}<article class="card notice"><h3>{{act}}</h3><p>{{reason}}</p><p class="soft"><bdi>{{actor}}</bdi> proposed it {{#time}}{{> time}}{{/time}}. Somebody else has to agree before {{#expires}}{{> time}}{{/expires}}.</p>
            {{#summary}}<details><summary>What it would change</summary><pre tabindex="0">{{.}}</pre></details>{{/summary}}
            {{#hasDifference}}<details open="open"><summary>What changes in its text</summary><div class="scroll code" tabindex="0" role="group" aria-label="What is other in the policy">{{> diff}}</div></details>{{/hasDifference}}
            {{#canApprove}}<form class="form" method="post" action="{{approve}}">{{> hidden}}
            <p><label for="reason-{{id}}">Why you agree or decline</label><textarea id="reason-{{id}}" name="reason" rows="2" required="required" maxlength="2000"></textarea></p>
            <p class="buttons"><button class="grave">Agree<span class="unseen"> to {{act}}</span></button> <button class="quiet" formaction="{{decline}}">Decline<span class="unseen"> {{act}}</span></button></p></form>{{/canApprove}}
            {{#isOwn}}<p class="soft">You proposed it, so somebody else decides. <a href="{{takeBack}}">Take it back</a></p>{{/isOwn}}</article>
            {{/proposals}}</div></section>{{/hasProposals}}
            <section aria-labelledby="shadow"><h2 id="shadow">In the shadow</h2>
            <p class="soft">A candidate in the shadow is folded beside the active policy. It changes nobody's score.</p>
            <div id="shadow-now" data-live="shadow-now">
            {{#shadow}}<div class="card"><div class="row"><h3><bdi>{{name}}</bdi> {{version}}</h3><span class="soft">since {{#since}}{{> time}}{{/since}}, {{progress}} of the ledger folded</span></div>
            {{> tiles}}
            <div class="pair">
            <div><h4>Gain most</h4>{{#hasWinners}}<table><thead><tr><th scope="col">Subject</th><th scope="col" class="n">Now</th><th scope="col" class="n">Then</th><th scope="col" class="n">Change</th></tr></thead><tbody>{{#winners}}{{> mover}}{{/winners}}</tbody></table>{{/hasWinners}}{{^hasWinners}}<p class="empty">Nobody gains.</p>{{/hasWinners}}</div>
            <div><h4>Lose most</h4>{{#hasLosers}}<table><thead><tr><th scope="col">Subject</th><th scope="col" class="n">Now</th><th scope="col" class="n">Then</th><th scope="col" class="n">Change</th></tr></thead><tbody>{{#losers}}{{> mover}}{{/losers}}</tbody></table>{{/hasLosers}}{{^hasLosers}}<p class="empty">Nobody loses.</p>{{/hasLosers}}</div>
            </div>
            <p class="buttons">{{#isActive}}<span>It is the active policy now, so the shadow has nothing to show.</span> {{/isActive}}{{#activate}}<a class="button" href="{{.}}">Activate it</a> {{/activate}}{{#backtest}}<a class="button quiet" href="{{.}}">What it would have done to the past</a> {{/backtest}}{{#end}}<a class="button quiet" href="{{.}}">Take it out</a>{{/end}}</p></div>{{/shadow}}
            {{^shadow}}<p class="empty"><strong>Nothing is in the shadow.</strong> Put a candidate there to see who would gain and who would lose before anybody does.</p>{{/shadow}}
            </div>
            {{#startShadow}}<p class="buttons"><a class="button quiet" href="{{.}}">Put a policy into the shadow</a></p>{{/startShadow}}</section>
            <section aria-labelledby="versions"><h2 id="versions">Versions</h2>
            {{#failure}}<p class="banner notice">{{.}}</p>{{/failure}}
            {{#hasVersions}}<div class="scroll" tabindex="0" role="group" aria-labelledby="versions"><table class="stacked"><thead><tr><th scope="col">Version</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">By</th><th scope="col">Why</th><th scope="col">Acts</th></tr></thead><tbody>
            {{#versions}}<tr><th scope="row"><a href="{{path}}"{{#isShown}} aria-current="true"{{/isShown}}><bdi>{{name}}</bdi> {{version}}</a></th><td data-label="State">{{#state}}{{> badge}}{{/state}}</td><td data-label="Since">{{#since}}{{> time}}{{/since}}{{^since}}<span class="soft">–</span>{{/since}}</td><td data-label="By">{{#actor}}<bdi>{{.}}</bdi>{{/actor}}{{^actor}}<span class="soft">–</span>{{/actor}}</td><td data-label="Why" class="text">{{#reason}}{{.}}{{/reason}}{{^reason}}<span class="soft">–</span>{{/reason}}</td><td data-label="Acts">{{#rollBack}}<a href="{{.}}">Go back to it<span class="unseen">: {{name}} {{version}}</span></a>{{/rollBack}}</td></tr>
            {{/versions}}</tbody></table></div>{{/hasVersions}}{{^hasVersions}}<p class="empty"><strong>The ledger has no policy yet.</strong> It begins with one: start a member with <code>--policy FILE</code>.</p>{{/hasVersions}}</section>
            {{#selected}}<section aria-labelledby="plain"><h2 id="plain"><bdi>{{name}}</bdi> {{version}} in plain sentences</h2>
            <div class="prose">{{#sections}}<h3>{{title}}</h3><ul>{{#sentences}}<li>{{.}}</li>{{/sentences}}</ul>{{/sections}}</div></section>
            {{#comparedWith}}<section aria-labelledby="difference"><h2 id="difference">What changed since <bdi>{{.}}</bdi></h2>
            {{#hasDifference}}<div class="scroll code" tabindex="0" role="group" aria-labelledby="difference">{{> diff}}</div>{{/hasDifference}}{{^hasDifference}}<p class="empty">Nothing: the two texts are the same.</p>{{/hasDifference}}</section>{{/comparedWith}}
            <details class="section"><summary>The policy's text</summary><pre tabindex="0">{{text}}</pre></details>{{/selected}}
            """#
        ),
        (
            "backtest",
            #"""
            <header class="head"><p class="kicker">Backtest</p><h1><bdi>{{policy}}</bdi></h1><p class="lead">What this candidate would do on the day of its activation, and what it would have done had it always been active. The whole ledger is folded for it, and the harm budget is computed from the same fold.</p></header>
            <div id="backtest-now" data-live="backtest-now">
            {{#report}}<pre tabindex="0">{{.}}</pre>{{/report}}
            {{#failure}}<p class="banner notice">It is not known here. {{.}}</p><p><a href="{{again}}">Look again</a></p>{{/failure}}
            {{#progress}}<p><strong>{{share}}</strong> is done. It goes on without this page.</p>
            {{{bar}}}
            <p><a href="{{again}}">Look again</a></p>{{/progress}}
            </div>
            <p class="more"><a href="{{back}}">All policies</a></p>
            """#
        ),
        (
            "diff",
            #"""
            <table class="diff"><thead class="unseen"><tr><th scope="col">Change</th><th scope="col">Line</th></tr></thead><tbody>{{#difference}}<tr class="{{kind}}"><td>{{mark}}</td><td><pre>{{text}}</pre></td></tr>{{/difference}}</tbody></table>
            """#
        ),
        (
            "mover",
            #"<tr><th scope="row">{{#subject}}{{> subject}}{{/subject}}{{#rule}} <span class="soft">by <bdi>{{.}}</bdi></span>{{/rule}}</th><td class="n">{{before}}</td><td class="n">{{after}}</td><td class="n"><b class="{{sign}}">{{change}}</b></td></tr>"#
        ),
    ]
}
