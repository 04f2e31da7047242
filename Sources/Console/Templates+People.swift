extension Templates {
    static let people: [(name: String, text: String)] = [
        (
            "overview",
            #"""
            <header class="head"><p class="kicker">Programme</p><h1><bdi>{{programme}}</bdi></h1><p class="lead">{{subjects}} enrolled. As of {{#time}}{{> time}}{{/time}} UTC.</p></header>
            <div id="now" data-live="now">
            <h2 class="unseen">Now</h2>
            {{> tiles}}
            </div>
            <section aria-labelledby="attention"><h2 id="attention">Wants attention</h2>
            <div id="attention-list" data-live="attention-list">
            {{#attention}}<div class="alert {{level}}"><p><span class="badge {{level}}">{{word}}</span> {{sentence}}{{#path}} <a href="{{.}}">Look at it<span class="unseen">: {{sentence}}</span></a>{{/path}}</p></div>
            {{/attention}}{{^attention}}<p class="empty"><strong>Nothing.</strong> Every source is read, every member answers, and no appeal runs out.</p>{{/attention}}
            </div></section>
            <div class="columns">
            <section aria-labelledby="bands"><h2 id="bands">Subjects by band</h2>
            <p class="soft">A band is a range of scores that the policy names.</p>
            <div id="band-list" data-live="band-list">
            {{#hasBands}}<table class="bars"><thead><tr><th scope="col">Band</th><th scope="col" class="n">From</th><th scope="col"><span class="unseen">Bar</span></th><th scope="col" class="n">Subjects</th><th scope="col" class="n">Share</th></tr></thead><tbody>
            {{#bands}}<tr><th scope="row"><bdi>{{name}}</bdi></th><td class="n">{{from}}</td><td class="barcell">{{{bar}}}</td><td class="n">{{subjects}}</td><td class="n">{{share}}</td></tr>
            {{/bands}}</tbody></table>{{/hasBands}}{{^hasBands}}<p class="empty">No policy is active yet, so there are no bands.</p>{{/hasBands}}
            </div></section>
            <section aria-labelledby="members"><h2 id="members">Members</h2>
            <p class="soft">A member is a process that folds a part of the ledger.</p>
            <div id="member-list" data-live="member-list" class="scroll" tabindex="0" role="group" aria-labelledby="members"><table class="stacked"><thead><tr><th scope="col">Member</th><th scope="col">State</th><th scope="col" class="n">Partitions</th><th scope="col" class="n">Lag</th></tr></thead><tbody>
            {{#members}}<tr><th scope="row"><bdi>{{name}}</bdi></th><td data-label="State">{{#state}}{{> badge}}{{/state}}</td><td class="n" data-label="Partitions">{{partitions}}</td><td class="n" data-label="Lag">{{lag}}</td></tr>
            {{/members}}</tbody></table></div></section>
            </div>
            <section aria-labelledby="changes"><h2 id="changes">Changes as they come{{#isLive}} <span class="pulse" hidden="hidden">live</span>{{/isLive}}</h2>
            <div id="change-list" data-live="change-list">
            {{#hasChanges}}<ol class="feed">
            {{#changes}}<li><span class="when">{{#time}}{{> time}}{{/time}}</span><span class="kind">{{kind}}</span><span class="who">{{#subject}}{{> subject}}{{/subject}}</span><span class="what">{{sentence}}</span></li>
            {{/changes}}</ol>{{/hasChanges}}{{^hasChanges}}<p class="empty"><strong>No changes yet.</strong> They appear here as soon as an event changes somebody's score, sanction or perk.</p>{{/hasChanges}}
            </div></section>
            """#
        ),
        (
            "subjects",
            #"""
            <header class="head"><h1>Subjects</h1><p class="lead">Everybody whom this programme scores. Nobody is scored who has not enrolled.</p></header>
            <form class="filters" method="get" action="{{action}}" role="search">
            <p class="wide"><label for="prefix">Id begins with</label><input id="prefix" name="prefix" type="search" value="{{prefix}}" autocomplete="off" spellcheck="false"/></p>
            {{#filters}}<p><label for="{{name}}">{{label}}</label><select id="{{name}}" name="{{name}}"><option value="">any</option>{{#options}}<option value="{{value}}"{{#isChosen}} selected="selected"{{/isChosen}}>{{value}}</option>{{/options}}</select></p>
            {{/filters}}
            <p><button>Find</button></p>
            </form>
            {{#canEnrol}}<p><a class="button quiet" href="{{enrol}}">Enrol somebody</a></p>{{/canEnrol}}
            {{#hasRows}}<div class="scroll" tabindex="0" role="group" aria-label="Subjects found"><table class="stacked"><thead><tr><th scope="col">Subject</th><th scope="col">Kind</th><th scope="col" class="n">Score</th><th scope="col">Band</th><th scope="col">Sanctions</th><th scope="col">Perks</th><th scope="col">Enrolled</th></tr></thead><tbody>
            {{#rows}}<tr><th scope="row">{{#subject}}{{> subject}}{{/subject}}</th><td data-label="Kind">{{kind}}</td><td class="n" data-label="Score">{{score}}</td><td data-label="Band"><bdi>{{band}}</bdi></td><td data-label="Sanctions">{{#sanctions}}<span class="tag bad">{{.}}</span> {{/sanctions}}{{^sanctions}}<span class="soft">none</span>{{/sanctions}}</td><td data-label="Perks">{{#perks}}<span class="tag good">{{.}}</span> {{/perks}}{{^perks}}<span class="soft">none</span>{{/perks}}</td><td data-label="Enrolled">{{#enrolled}}{{> time}}{{/enrolled}}</td></tr>
            {{/rows}}</tbody></table></div>
            {{> next}}{{/hasRows}}
            {{^hasRows}}<p class="empty"><strong>Nobody matches.</strong> Ids are compared from their first character on, capitals and all. Leave the field empty to see everybody.</p>{{/hasRows}}
            """#
        ),
        (
            "purpose",
            #"""
            <div class="narrow">
            <header class="head"><p class="kicker">Another person's file</p><h1>Why do you look?</h1>
            <p class="lead">The file of <bdi class="id">{{id}}</bdi> shows everybody who read it, and why. The purpose is recorded before the page opens.</p></header>
            <form class="form" method="get" action="{{action}}">
            <input type="hidden" name="id.encoded" value="{{encoded}}"/>{{#sanction}}<input type="hidden" name="sanction.encoded" value="{{.}}"/>{{/sanction}}
            <p><label for="purpose">Purpose</label><input id="purpose" name="purpose" required="required" maxlength="200" list="purposes" autocomplete="off" aria-describedby="purpose-hint"/><span class="hint" id="purpose-hint">The person reads this. Name the case, not only the duty.</span></p>
            <datalist id="purposes"><option value="The person asked about the score"></option><option value="Decision on an appeal"></option><option value="Check of a source's evidence"></option></datalist>
            <p class="buttons"><button>Open the file</button> <a href="{{back}}">Back</a></p>
            </form>
            </div>
            """#
        ),
        (
            "standing",
            #"""
            <div id="standing" data-live="standing" class="standing">
            <p class="score"><span class="value">{{score}}</span> <span class="of">of {{minimum}} to {{maximum}}</span> <span class="badge band">band <bdi>{{band}}</bdi></span></p>
            {{{scale}}}
            <ul class="legend">{{#bands}}<li class="{{shade}}"{{#isCurrent}} aria-current="true"{{/isCurrent}}><span class="swatch"></span><bdi>{{name}}</bdi> from {{from}}</li>{{/bands}}</ul>
            </div>
            """#
        ),
        (
            "subject-page",
            #"""
            <header class="head"><p class="kicker">{{kicker}}</p><h1>{{#isOwn}}{{ownTitle}}{{/isOwn}}{{^isOwn}}<bdi class="id">{{shown}}</bdi>{{/isOwn}}</h1>
            <p class="lead">{{lead}}</p>
            {{#whole}}<details class="whole"><summary>The whole id</summary><p class="id"><bdi>{{.}}</bdi></p></details>{{/whole}}</header>
            <div id="change-now" data-live="change-now">{{#change}}<p class="banner notice">{{.}}</p>{{/change}}</div>
            {{> standing}}
            <div id="sanctions-list" data-live="sanctions-list">
            {{#hasSanctions}}<section aria-labelledby="sanctions"><h2 id="sanctions">Sanctions</h2>
            <div class="cards">{{#sanctions}}<article class="card {{level}}"><h3><bdi>{{name}}</bdi> {{#state}}{{> badge}}{{/state}}</h3>
            <p>{{sentence}}</p>
            <dl class="facts"><div><dt>Blocks</dt><dd>{{blocks}}</dd></div>{{#clocks}}<div><dt>{{label}}</dt><dd>{{#time}}{{> time}}{{/time}} <span class="soft" data-left="{{seconds}}">{{left}}</span></dd></div>{{/clocks}}</dl>
            {{{runs}}}
            <p class="buttons">{{#appeal}}<a class="button" href="{{.}}">{{appealWord}}<span class="unseen"> against {{name}}</span></a>{{/appeal}}{{#review}}<a class="button" href="{{.}}">Review the appeal</a>{{/review}}</p></article>{{/sanctions}}</div></section>{{/hasSanctions}}
            </div>
            <section aria-labelledby="course"><h2 id="course">Score over time</h2>
            <div id="course-plot" data-live="course-plot">
            {{{plot}}}
            {{#hasSteps}}<ol class="course">{{#steps}}{{> step}}{{/steps}}</ol>
            {{#hasMoreSteps}}<details><summary>{{moreStepsWords}}</summary><ol class="course">{{#moreSteps}}{{> step}}{{/moreSteps}}</ol>{{#older}}<p class="soft">{{.}}</p>{{/older}}</details>{{/hasMoreSteps}}{{/hasSteps}}
            </div></section>
            <div class="columns">
            <section aria-labelledby="back"><h2 id="back">The way back</h2>
            {{#hasWay}}<ul class="steps">{{#way}}<li>{{.}}</li>{{/way}}</ul>{{/hasWay}}{{^hasWay}}<p class="empty">{{noWay}}</p>{{/hasWay}}</section>
            <section aria-labelledby="dimensions"><h2 id="dimensions">Dimensions</h2>
            <p class="soft">A dimension is a context of its own: points in one never count in another.</p>
            <table class="bars"><thead><tr><th scope="col">Dimension</th><th scope="col"><span class="unseen">Bar</span></th><th scope="col" class="n">Points</th><th scope="col" class="n">Range</th></tr></thead><tbody>
            {{#dimensions}}<tr><th scope="row"><bdi>{{name}}</bdi>{{#hasReasons}}<span class="parts">{{> reasons}}</span>{{/hasReasons}}</th><td class="barcell">{{{bar}}}</td><td class="n">{{points}}</td><td class="n soft">{{range}}</td></tr>
            {{/dimensions}}</tbody></table></section>
            <section aria-labelledby="perks"><h2 id="perks">Perks</h2>
            {{#hasPerks}}<ul class="list">{{#perks}}<li>{{#state}}{{> badge}}{{/state}} <strong><bdi>{{name}}</bdi></strong> <span class="soft">{{sentence}}{{#ends}} Ends {{> time}}.{{/ends}}</span></li>
            {{/perks}}</ul>{{/hasPerks}}{{^hasPerks}}<p class="empty">This policy grants no perks.</p>{{/hasPerks}}</section>
            {{#showsLooks}}<section aria-labelledby="looks"><h2 id="looks">Who looked</h2>
            {{#hasLooks}}<ul class="list">{{#looks}}<li><strong><bdi>{{actor}}</bdi></strong> {{what}} <span class="soft">{{#time}}{{> time}}{{/time}}{{#times}}, {{.}}{{/times}}</span>{{#purpose}}<br/><bdi>{{.}}</bdi>{{/purpose}}</li>
            {{/looks}}</ul>{{/hasLooks}}{{^hasLooks}}<p class="empty">Nobody has read this file before.</p>{{/hasLooks}}</section>{{/showsLooks}}
            </div>
            {{#hasAppeals}}<section aria-labelledby="appeals"><h2 id="appeals">Appeals</h2>
            <ul class="list">{{#appeals}}<li>{{#state}}{{> badge}}{{/state}} <strong><bdi>{{sanction}}</bdi></strong> <span class="soft">filed {{#filed}}{{> time}}{{/filed}}</span><blockquote>{{statement}}</blockquote>{{#decision}}<p>{{.}}</p>{{/decision}}</li>
            {{/appeals}}</ul></section>{{/hasAppeals}}
            {{#showsEvents}}<section aria-labelledby="events"><h2 id="events">Events</h2>
            {{#hasEvents}}{{> events}}{{#hasMoreEvents}}<details><summary>{{moreEventsWords}}</summary>{{#moreEvents}}{{> events}}{{/moreEvents}}</details>{{/hasMoreEvents}}{{/hasEvents}}{{^hasEvents}}<p class="empty">No event of this subject is in the ledger yet.</p>{{/hasEvents}}</section>{{/showsEvents}}
            {{#hasActs}}<section aria-labelledby="acts"><h2 id="acts">Acts</h2>
            <p class="buttons">{{#acts}}<a class="button quiet" href="{{path}}">{{text}}</a> {{/acts}}</p></section>{{/hasActs}}
            """#
        ),
        (
            "step",
            #"""
            <li><span class="when">{{#time}}{{> time}}{{/time}}</span><span class="change {{sign}}">{{change}}</span><span class="to">{{score}}<span class="soft"> <bdi>{{band}}</bdi></span></span><span class="what">{{> reasons}}<span class="soft">{{cause}}{{#event}} <bdi class="id">{{.}}</bdi>{{/event}}</span></span></li>
            """#
        ),
        (
            "events",
            #"""
            <div class="scroll" tabindex="0" role="group" aria-label="Events of this file"><table class="stacked"><thead><tr><th scope="col">Time</th><th scope="col">Event</th><th scope="col">What it gave</th><th scope="col">Data</th><th scope="col">In the ledger</th></tr></thead><tbody>
            {{#events}}<tr{{#isStruck}} class="struck"{{/isStruck}}><td data-label="Time">{{#time}}{{> time}}{{/time}}</td><th scope="row">{{#isStruck}}<span class="badge notice">struck</span> {{/isStruck}}<span class="type"><bdi>{{type}}</bdi></span> <span class="soft id"><bdi>{{id}}</bdi> from <bdi>{{source}}</bdi></span></th><td data-label="What it gave">{{> reasons}}{{#note}}<span class="soft">{{.}}</span>{{/note}}</td><td data-label="Data">{{#data}}<details><summary>Data<span class="unseen"> of {{type}} {{id}}</span></summary><pre tabindex="0">{{.}}</pre></details>{{/data}}{{^data}}<span class="soft">–</span>{{/data}}</td><td data-label="In the ledger"><a href="{{entry}}">{{partition}}/{{offset}}</a>{{#void}} <a href="{{.}}">Void<span class="unseen"> {{type}} {{id}}</span></a>{{/void}}</td></tr>
            {{/events}}</tbody></table></div>
            """#
        ),
        (
            "appeals",
            #"""
            <header class="head"><h1>Appeals</h1><p class="lead">{{lead}}</p></header>
            <div id="queue" data-live="queue">
            {{#hasOpen}}<ol class="queue">{{#open}}<li class="card {{level}}"><div class="row"><h2><bdi>{{sanction}}</bdi> <span class="soft">of</span> {{#subject}}{{> subject}}{{/subject}}</h2><span class="badge {{level}}">{{left}}</span></div>
            {{{runs}}}
            <blockquote>{{statement}}</blockquote>
            <p class="row"><span class="soft">Filed {{#filed}}{{> time}}{{/filed}}, decide by {{#decideBy}}{{> time}}{{/decideBy}}</span>{{#path}}<a class="button" href="{{.}}">Review<span class="unseen"> the appeal against {{sanction}}</span></a>{{/path}}</p></li>
            {{/open}}</ol>{{/hasOpen}}{{^hasOpen}}<p class="empty"><strong>No appeal is open.</strong> A new one appears here at once, sorted by the time that is left.</p>{{/hasOpen}}
            </div>
            {{#hasDecided}}<section aria-labelledby="decided"><h2 id="decided">Decided lately</h2>
            <ul class="list">{{#decided}}<li>{{#state}}{{> badge}}{{/state}} <strong><bdi>{{sanction}}</bdi></strong> <span class="soft">of</span> {{#subject}}{{> subject}}{{/subject}} <span class="soft">by <bdi>{{actor}}</bdi>, {{#time}}{{> time}}{{/time}}</span>{{#reason}}<br/>{{.}}{{/reason}}</li>
            {{/decided}}</ul></section>{{/hasDecided}}
            """#
        ),
        (
            "appeal",
            #"""
            <header class="head"><p class="kicker">Appeal against</p><h1><bdi>{{name}}</bdi></h1>
            <p class="lead">{{#subject}}{{> subject}}{{/subject}}, {{lead}}</p></header>
            <section aria-labelledby="statement"><h2 id="statement">What the appellant writes</h2>
            <blockquote>{{statement}}</blockquote></section>
            <section aria-labelledby="compare"><h2 id="compare">With and without the disputed evidence</h2>
            <div class="pair">
            <article class="card"><h3>As it is</h3><p class="score"><span class="value">{{score}}</span> <span class="badge band">band <bdi>{{band}}</bdi></span></p><p>{{condition}}</p><dl class="facts"><div><dt>State</dt><dd>{{#state}}{{> badge}}{{/state}}</dd></div><div><dt>Blocks</dt><dd>{{blocks}}</dd></div><div><dt>Ends</dt><dd>{{#ends}}{{> time}}{{/ends}}</dd></div></dl></article>
            <article class="card {{levelWithout}}"><h3>If the appeal is upheld</h3><p class="score"><span class="value">{{scoreWithout}}</span> <span class="change {{sign}}">{{difference}}</span> <span class="badge band">band <bdi>{{bandWithout}}</bdi></span></p><p>{{conditionWithout}}</p></article>
            </div>
            <p class="verdict"><span class="badge {{levelWithout}}">{{verdict}}</span> {{verdictSentence}}</p></section>
            <section aria-labelledby="evidence"><h2 id="evidence">The evidence</h2>
            <p class="soft">The events of the dimension <bdi>{{dimension}}</bdi>. Those in dispute are struck through.</p>
            {{#hasEvents}}{{> events}}{{/hasEvents}}{{^hasEvents}}<p class="empty">No event of this dimension counts now.</p>{{/hasEvents}}</section>
            {{#canDecide}}<section aria-labelledby="decide"><h2 id="decide">Decide</h2>
            <form class="form" method="post" action="{{action}}">
            {{> hidden}}
            <fieldset><legend>Outcome</legend>
            <label class="choice"><input type="radio" name="outcome" value="upheld" required="required"/><span><strong>Upheld</strong> <span class="soft">The sanction is lifted at once.</span></span></label>
            <label class="choice"><input type="radio" name="outcome" value="rejected" required="required"/><span><strong>Rejected</strong> <span class="soft">The sanction goes on with its old dates. There is no second appeal.</span></span></label></fieldset>
            <p><label for="reason">Reason</label><textarea id="reason" name="reason" rows="4" required="required" maxlength="2000" aria-describedby="reason-hint"></textarea><span class="hint" id="reason-hint">The appellant reads this, and so does everybody who checks the decision.</span></p>
            <p class="buttons"><button>Decide</button></p>
            </form></section>{{/canDecide}}
            """#
        ),
    ]
}
