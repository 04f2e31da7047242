import Foundation

/// A dashboard of Grafana, as far as tests look at it.
struct Dashboard {
    struct Panel {
        let id: Int
        let kind: String
        let title: String
        let description: String
        let unit: String
        let expressions: [String]
    }

    let identity: String
    let panels: [Panel]

    /// `file`: below `deploy/`.
    init(_ file: String) throws {
        let root = Document(try JSONSerialization.jsonObject(with: Data(try DeployFolder.text(file).utf8)))
        identity = root["uid"].text ?? ""
        panels = root["panels"].items.map { panel in
            Panel(
                id: panel["id"].number ?? 0, kind: panel["type"].text ?? "", title: panel["title"].text ?? "",
                description: panel["description"].text ?? "",
                unit: panel["fieldConfig"]["defaults"]["unit"].text ?? "",
                expressions: panel["targets"].items.compactMap { $0["expr"].text })
        }
    }

    /// An expression with values instead of the dashboard's variables.
    static func filled(_ expression: String) -> String {
        expression.replacing("$__rate_interval", with: "15s").replacing("$job", with: "standing")
            .replacing("$instance", with: ".*")
    }
}
