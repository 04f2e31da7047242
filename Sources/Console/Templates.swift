/// The Mustache templates of the pages. They are well-formed XML. Only markup from `Plot` and the pages themselves is
/// in three braces, which do not escape.
enum Templates {
    static var all: [(name: String, text: String)] { frame + people + rules + flow + record }

    static let frame: [(name: String, text: String)] = [
        (
            "layout",
            #"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>{{title}} · Standing</title>
            <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M2 13h3V9H2zm4.5 0h3V6h-3zM11 13h3V2h-3z' fill='%23287a8c'/%3E%3C/svg%3E"/>
            <link rel="stylesheet" href="{{style}}"/>
            <script src="{{script}}" defer="defer"></script>
            </head>
            <body{{#stream}} data-stream="{{.}}"{{/stream}}>
            <a class="skip" href="#content">Skip to the content</a>
            <header class="top">
            <a class="brand" href="{{root}}"><svg viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="M2 13h3V9H2zm4.5 0h3V6h-3zM11 13h3V2h-3z"/></svg>Standing</a>
            {{#user}}<details class="menu"><summary>Menu</summary>
            <nav aria-label="Pages, in the menu">{{> tabs}}</nav>
            {{> account}}
            </details>{{/user}}
            </header>
            {{#user}}<div class="side">
            <nav aria-label="Pages">{{> tabs}}</nav>
            {{> account}}
            </div>{{/user}}
            <main id="content" tabindex="-1">
            {{#notice}}<p class="banner {{level}}" role="status">{{sentence}}</p>{{/notice}}
            {{{content}}}
            </main>
            <footer>
            <p>Times are <abbr title="Coordinated Universal Time">UTC</abbr><span class="local" hidden="hidden"></span>.{{#isMasked}} Ids are masked, because your role sees no identities.{{/isMasked}}
            <a href="{{words}}">What the words mean</a>{{#json}}
            <a href="{{.}}">This page as JSON</a>{{/json}}</p>
            </footer>
            </body>
            </html>

            """#
        ),
        (
            "tabs",
            #"""
            {{#navigation}}<div class="group"><p>{{heading}}</p><ul>
            {{#tabs}}<li><a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>{{name}}</a></li>
            {{/tabs}}</ul></div>
            {{/navigation}}
            """#
        ),
        (
            "account",
            #"""
            {{#user}}<section class="account" aria-label="Account"><p><strong>{{name}}</strong><span>{{roles}}</span></p>
            <form method="post" action="{{signOut}}"><input type="hidden" name="token" value="{{token}}"/><button class="quiet">Sign out</button></form></section>{{/user}}
            """#
        ),
        ("time", #"<time datetime="{{iso}}"{{#hint}} title="{{.}}"{{/hint}}>{{text}}</time>"#),
        (
            "subject",
            #"{{#href}}<a class="id" href="{{.}}"><bdi>{{shown}}</bdi></a>{{/href}}{{^href}}<bdi class="id masked">{{shown}}</bdi>{{/href}}"#
        ),
        ("badge", #"<span class="badge {{level}}">{{text}}</span>"#),
        (
            "reasons",
            #"{{#reasons}}<span class="reason"><b class="{{sign}}">{{points}}</b> <bdi>{{rule}}</bdi></span> {{/reasons}}"#
        ),
        (
            "tiles",
            #"""
            <dl class="tiles">{{#tiles}}
            <div><dt>{{label}}</dt><dd class="big{{#isUnknown}} unknown{{/isUnknown}}">{{value}}</dd>{{#note}}<dd class="note">{{.}}</dd>{{/note}}{{#spark}}<dd class="chart">{{{.}}}</dd>{{/spark}}</div>{{/tiles}}
            </dl>
            """#
        ),
        (
            "hidden",
            #"<input type="hidden" name="token" value="{{token}}"/><input type="hidden" name="key" value="{{key}}"/>{{#hidden}}<input type="hidden" name="{{name}}.encoded" value="{{value}}"/>{{/hidden}}"#
        ),
        (
            "next",
            #"{{#next}}<p class="more"><a class="button quiet" href="{{.}}" rel="next">Next page</a></p>{{/next}}"#
        ),
        (
            "problem",
            #"""
            <header class="head"><p class="kicker">{{status}}</p><h1>{{title}}</h1><p class="lead">{{detail}}</p></header>
            <h2>What to do next</h2>
            <ul class="steps">{{#steps}}
            <li>{{#path}}<a href="{{.}}">{{text}}</a>{{/path}}{{^path}}{{text}}{{/path}}</li>{{/steps}}
            </ul>
            """#
        ),
        (
            "signIn",
            #"""
            <div class="narrow">
            <header class="head"><h1>Sign in</h1><p class="lead">Scores, reasons and appeals of this programme.</p></header>
            {{#mistake}}<p class="banner bad" role="alert" id="mistake">{{.}}</p>{{/mistake}}
            <form class="form" method="post" action="{{action}}"{{#mistake}} aria-describedby="mistake"{{/mistake}}>
            <input type="hidden" name="to" value="{{target}}"/>
            <p><label for="name">Name</label><input id="name" name="name" value="{{name}}" autocomplete="username" required="required" autocapitalize="none" spellcheck="false"/></p>
            <p><label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required="required"/></p>
            <p><button>Sign in</button></p>
            </form>
            <p class="soft">No account? Whoever runs this programme makes one.</p>
            </div>
            """#
        ),
        (
            "act",
            #"""
            <div class="narrow">
            <header class="head"><h1>{{title}}</h1><p class="lead">{{sentence}}</p></header>
            {{#mistake}}<p class="banner bad" role="alert" id="mistake">{{.}}</p>{{/mistake}}
            <form class="form" method="post" action="{{action}}"{{#mistake}} aria-describedby="mistake"{{/mistake}}>
            {{> hidden}}
            <div id="about" data-live="about">{{#hasFacts}}<dl class="facts">{{#facts}}<div><dt>{{name}}</dt><dd><bdi>{{value}}</bdi></dd></div>{{/facts}}</dl>{{/hasFacts}}
            {{#note}}<p class="soft">{{.}}</p>{{/note}}{{#more}}<p><a href="{{path}}">{{text}}</a></p>{{/more}}</div>
            {{#inputs}}<p><label for="{{name}}">{{label}}</label>{{#hasOptions}}<select id="{{name}}" name="{{name}}" required="required">{{#options}}<option value="{{.}}">{{.}}</option>{{/options}}</select>{{/hasOptions}}{{^hasOptions}}{{#isLong}}<textarea id="{{name}}" name="{{name}}" rows="14" spellcheck="false" required="required"{{#isInvalid}} aria-invalid="true"{{/isInvalid}}>
            {{value}}</textarea>{{/isLong}}{{^isLong}}<input id="{{name}}" name="{{name}}" value="{{value}}" required="required"{{#isInvalid}} aria-invalid="true"{{/isInvalid}} autocomplete="off"/>{{/isLong}}{{/hasOptions}}</p>
            {{/inputs}}
            {{^isRefused}}<p><label for="reason">{{reasonLabel}}</label><textarea id="reason" name="reason" rows="4" required="required" maxlength="2000" aria-describedby="reason-hint"{{#isReasonMissing}} aria-invalid="true"{{/isReasonMissing}}>
            {{reason}}</textarea><span class="hint" id="reason-hint">{{reasonHint}}</span></p>{{/isRefused}}
            <p class="buttons">{{^isRefused}}<button{{#isGrave}} class="grave"{{/isGrave}}>{{button}}</button> {{/isRefused}}<a href="{{back}}">Back</a></p>
            </form>
            </div>
            """#
        ),
        (
            "waiting",
            #"""
            <div class="narrow">
            <header class="head" id="waits-for" data-live="waits-for"><p class="kicker">{{act}}</p><h1>{{title}}</h1><p class="lead">{{detail}}</p></header>
            <div id="waits" data-live="waits" role="status">{{#progress}}<p><strong>{{share}}</strong> is done.</p>
            {{{bar}}}{{/progress}}</div>
            <form class="form" method="post" action="{{action}}" data-again="{{seconds}}">
            {{> hidden}}
            <h2>What you sent</h2>
            <dl class="facts">{{#facts}}<div><dt>{{name}}</dt><dd><bdi>{{value}}</bdi></dd></div>{{/facts}}</dl>
            <p class="soft">However often it is sent from here, it is done once.<span data-again-note="" hidden="hidden"> While this page is open it is sent again by itself, after pauses that grow to {{longest}} minutes, and nothing more is sent once you leave the page.</span></p>
            <p class="buttons"><button{{#isGrave}} class="grave"{{/isGrave}}>Send it again</button> <a href="{{back}}">Back</a></p>
            </form>
            </div>
            """#
        ),
        (
            "words",
            #"""
            <header class="head"><h1>What the words mean</h1><p class="lead">One word has one meaning, in every page and every message.</p></header>
            <dl class="words">{{#words}}
            <div><dt>{{word}}</dt><dd>{{meaning}}</dd></div>{{/words}}
            </dl>
            <h2>Keys</h2>
            <p class="soft">With scripts on, and outside a text field. Everything can be reached with the Tab key as well.</p>
            <dl class="words">{{#keys}}
            <div><dt><kbd>{{word}}</kbd></dt><dd>{{meaning}}</dd></div>{{/keys}}
            </dl>
            """#
        ),
    ]
}
