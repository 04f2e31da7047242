public import Access
internal import Events
internal import Mustache

/// The pages for people in the browser: functions from view values and a caller to HTML. They need no script, load nothing from
/// elsewhere, and are well-formed as XML too. Templates are compiled once.
public struct ConsolePages: Sendable {
    /// Where the pages are.
    public static let root = "/console"

    private let library: MustacheLibrary
    /// Has the hash of its bytes in its path, so that browsers keep it for good.
    let style = Asset(name: "style", ending: "css", type: "text/css; charset=utf-8", text: Style.text)
    let script = Asset(name: "live", ending: "js", type: "text/javascript; charset=utf-8", text: Script.text)

    public init() {
        MustacheContentTypes.register(ConsoleMarkup(), named: ConsoleMarkup.name)
        var templates: [String: MustacheTemplate] = [:]
        for (name, text) in Templates.all { templates[name] = Self.compile(text, name) }
        library = MustacheLibrary(templates: templates)
    }

    /// Lines lose their indentation, for an indented partial would indent texts that keep their spaces.
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
            // FNV-1a. It tells releases apart; nobody's safety depends on it.
            let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            path = "\(ConsolePages.root)/\(name)-\(String(hash, radix: 16)).\(ending)"
            (self.type, self.text) = (type, text)
        }
    }

    // MARK: A page

    /// What all pages have.
    struct Page {
        let template: String
        let title: String
        let place: Place?
        /// Where the same data is as JSON; nil if the page has none.
        var json: String?
        /// The path of server-sent events at which the page loads itself again; nil if it rests.
        var stream: String?
        var fields: Fields
    }

    func html(_ page: Page, for visit: Visit) -> String {
        var fields = page.fields
        // Forms within the page need them.
        fields["token"] = visit.formToken
        fields["key"] = visit.actKey
        let content = library.render(fields, withTemplate: page.template) ?? ""
        let layout: Fields = .of([
            "title": page.title, "style": style.path, "script": script.path, "content": content, "json": page.json,
            "stream": page.stream, "navigation": Self.navigation(for: visit.caller, at: page.place),
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

/// Who looks at a page, and with what.
public struct Visit: Sendable {
    /// Nil before somebody has signed in.
    public var caller: Caller?
    /// What a form has to bring back, so that no other site can send one.
    public var formToken: String
    /// Makes the acts of this page's forms idempotent: a new one for each page.
    public var actKey: String
    /// What came of the act that led here; nil if none did.
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

    /// A subject for the partial `subject`.
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
    /// A value that is nil stays in it, so that a template does not find one of the same name outside.
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

/// Escapes scalars, where Mustache's own escaping goes by characters and passes a quotation mark with a combining accent. What
/// has no shape, or turns the direction of writing, is shown as JSON escapes it.
private struct ConsoleMarkup: MustacheContentType {
    static let name = "CONSOLE"

    func escapeText(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            (0x20..<0x7F).contains($0) && ![0x26, 0x3C, 0x3E, 0x22, 0x27].contains($0)
        }
        return isPlain ? text : Markup.escaped(text.printable(keepingLayout: true))
    }
}
