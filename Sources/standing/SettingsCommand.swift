import ArgumentParser
import Events
import Options
import Policy
import Terminal

struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Every setting: its name, its variable, its default, the commands that read it, and what it is.",
        discussion: """
            A flag wins over the environment, and that over the file given with --config (or STANDING_CONFIG), where a name \
            is a key; one with a dot stands in a mapping. `standing serve --show-config` shows what is in force.

            Examples:
              standing settings
              standing settings http-port data --output json
            """)

    @Argument(help: "Only these settings. Default: all.", completion: .settings)
    var names: [String] = []
    @Option(help: "text or json, a line each.")
    var output = TableFormat.text

    func validate() throws {
        let known = Setting.all.map(\.name)
        if let name = names.first(where: { !known.contains($0) }) {
            let hint = YAMLReader.nearest(to: name, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
            throw ValidationError("no setting is called \"\(name)\"\(hint)")
        }
    }

    func run() throws {
        let settings = Setting.all.filter { names.isEmpty || names.contains($0.name) }
        guard output == .text else {
            for setting in settings { print(setting.json) }
            return
        }
        var table = TextTable([.text("name"), .text("variable"), .text("default"), .text("for"), .text("what")])
        for setting in settings { table.add(setting.row) }
        print(table.take(), terminator: "")
    }
}

extension Setting {
    fileprivate var row: [String] {
        let commands = [section.commands, others].compactMap { $0 }.joined(separator: ", ")
        return [name, variable, defaultInWords ?? "", commands, what]
    }

    /// `{"name","flag","variable","section","default","secret","what"}`; `default` is null if there is none.
    fileprivate var json: String {
        JSONWriter.object { writer in
            writer.member("name", name)
            writer.member("flag", flag)
            writer.member("variable", variable)
            writer.member("section", section.rawValue)
            writer.member("what", what)
            writer.member("default", standard)
            writer.member("secret", isSecret)
        }
    }
}
