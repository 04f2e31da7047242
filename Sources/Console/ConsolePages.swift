public import Access
internal import Events
internal import Mustache

/// The pages for people in a browser: functions from view values and a caller to HTML. They need no script, load
/// nothing from other sites, and are well-formed XML too. Templates are compiled once.
public struct ConsolePages: Sendable {
    /// The path of the overview, which is the beginning of all other paths.
    public static let root = "/console"

    private let library: MustacheLibrary
    /// The hash of the bytes is in the path, so that browsers cache the asset without end.
    let style = Asset(name: "style", ending: "css", type: "text/css; charset=utf-8", text: Style.text)
    let script = Asset(name: "live", ending: "js", type: "text/javascript; charset=utf-8", text: Script.text)

    public init() {
        MustacheContentTypes.register(ConsoleMarkup(), named: ConsoleMarkup.name)
        var templates: [String: MustacheTemplate] = [:]
        for (name, text) in Templates.all { templates[name] = Self.compile(text, name) }
        library = MustacheLibrary(templates: templates)
    }

    /// Removes the indentation of lines, because an indented partial would also indent texts with significant spaces.
    private static func compile(_ text: String, _ name: String) -> MustacheTemplate {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
        do {
            return try MustacheTemplate(
                string: "{{%CONTENT_TYPE:\(ConsoleMarkup.name)}}\n" + lines.joined(separator: "\n"))
        } catch { preconditionFailure("the template \(name) is not valid: \(error)") }
    }

    /// A text of fixed bytes.
    struct Asset: Sendable {
        let path: String
        let type: String
        let text: String

        init(name: String, ending: String, type: String, text: String) {
            // FNV-1a. The hash distinguishes releases; no security depends on it.
            let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            path = "\(ConsolePages.root)/\(name)-\(String(hash, radix: 16)).\(ending)"
            (self.type, self.text) = (type, text)
        }
    }

    // MARK: A page

    /// The properties of every page.
    struct Page {
        let template: String
        let title: String
        let tab: Tab?
        /// The path of the same data as JSON; nil if there is none.
        var json: String?
        /// The path of the server-sent events at which the page is loaded again; nil if it is static.
        var stream: String?
        var fields: Fields
    }

    func html(_ page: Page, for visit: Visit) -> String {
        var fields = page.fields
        // Forms in the page need the token and the key.
        fields["token"] = visit.formToken
        fields["key"] = visit.actKey
        let content = library.render(fields, withTemplate: page.template) ?? ""
        let layout: Fields = .of([
            "title": page.title, "style": style.path, "script": script.path, "content": content, "json": page.json,
            "stream": page.stream, "navigation": Self.navigation(for: visit.caller, at: page.tab),
            "user": visit.caller.map { user($0) }, "signIn": visit.caller == nil ? ConsolePath.signIn : nil,
            "signOut": ConsolePath.signOut, "token": visit.formToken, "root": Self.root, "words": ConsolePath.words,
            "notice": visit.notice.map { Fields.of(["sentence": $0.sentence, "level": $0.level.rawValue]) },
            "isMasked": visit.caller.map { $0.may(.searchSubjects) && !$0.may(.readIdentities) },
        ])
        return library.render(layout, withTemplate: "layout") ?? ""
    }

    private func user(_ caller: Caller) -> Fields {
        .of([
            "name": caller.name,
            "roles": Role.allCases.filter { caller.roles.contains($0) }.map(\.rawValue).joined(separator: ", "),
        ])
    }
}

/// The caller of a page, and the values of the session that the page needs.
public struct Visit: Sendable {
    /// Nil before the log-in.
    public var caller: Caller?
    /// The token that a form must return, so that another site cannot send the form.
    public var formToken: String
    /// Makes the acts of this page's forms idempotent. Each page has a new one.
    public var actKey: String
    /// The outcome of the act that led to this page; nil if there was none.
    let notice: ActNotice?

    public init(caller: Caller?, formToken: String, actKey: String) {
        self.init(caller: caller, formToken: formToken, actKey: actKey, notice: nil)
    }

    init(caller: Caller?, formToken: String, actKey: String, notice: ActNotice?) {
        (self.caller, self.formToken, self.actKey, self.notice) = (caller, formToken, actKey, notice)
    }

    func may(_ permission: Permission) -> Bool { caller?.may(permission) == true }

    func may(_ permission: Permission, to subject: SubjectID) -> Bool {
        caller?.may(permission, to: Array(subject.text.utf8)) == true
    }

    /// Values for the partial `subject`.
    func fields(_ subject: SubjectID) -> Fields {
        guard !subject.isMasked, may(.readIdentities) || may(.readStanding, to: subject) && caller?.subject != nil
        else {
            return .of(["shown": subject.masked, "href": nil as String?])
        }
        let canOpen = may(.readFile, to: subject) || may(.readStanding, to: subject)
        return .of([
            "shown": ConsolePages.shortened(subject.text, to: SubjectID.shownLength),
            "href": canOpen ? ConsolePath.subject(subject.text) : nil,
        ])
    }
}

/// The values that a template reads by name.
typealias Fields = [String: Any]

extension Fields {
    /// A nil value stays in the fields, so that a template does not use a value of the same name outside.
    static func of(_ values: KeyValuePairs<String, Any?>) -> Fields {
        var fields: Fields = [:]
        for (name, value) in values { fields[name] = value ?? Absent() }
        return fields
    }
}

private struct Absent: MustacheCustomRenderable {
    var renderText: String { "" }
    var isNull: Bool { true }
}

/// Escapes scalars. Mustache's own escaping goes by characters, and passes a quotation mark with a combining accent.
/// Invisible characters and those that change the direction of writing are shown as JSON escapes.
private struct ConsoleMarkup: MustacheContentType {
    static let name = "CONSOLE"

    func escapeText(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            (0x20..<0x7F).contains($0) && ![0x26, 0x3C, 0x3E, 0x22, 0x27].contains($0)
        }
        return isPlain ? text : Markup.escaped(text.printable(keepingLayout: true))
    }
}
