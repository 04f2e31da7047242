import Foundation
import Testing

/// A program of the machine; nil if it is not installed.
struct Tool {
    let url: URL

    init?(_ name: String) {
        let found = ["/usr/bin", "/usr/sbin", "/usr/local/bin"].map { URL(filePath: $0).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        guard let found else { return nil }
        url = found
    }

    init(_ url: URL) { self.url = url }

    static let promtool = Tool("promtool")
    static let prometheus = Tool("prometheus")
    static let systemdAnalyze = Tool("systemd-analyze")
    /// The interpreter of a virtual environment that has kubernetes-validate, and so PyYAML.
    static let python = ProcessInfo.processInfo.environment["STANDING_PYTHON"].map { Tool(URL(filePath: $0)) }
    static let kubernetesValidate = python.map {
        Tool($0.url.deletingLastPathComponent().appending(path: "kubernetes-validate"))
    }.flatMap { FileManager.default.isExecutableFile(atPath: $0.url.path) ? $0 : nil }

    func run(_ arguments: String...) async throws -> Finished {
        try await Running(arguments, executable: url).finished(limit: Limit.run)
    }
}

extension CommandTests {
    /// `deploy/` as the tools of those who deploy read it. `deploy/test --system` installs them.
    struct DeployToolsTests {
        private func path(_ file: String) -> String { DeployFolder.root.appending(path: file).path }

        @Test(.enabled(if: Tool.promtool != nil, "promtool is not installed"))
        func prometheusTakesConfigurationAndRules() async throws {
            let promtool = try #require(Tool.promtool)
            let configuration = try await promtool.run("check", "config", path("monitoring/prometheus.yaml"))
            #expect(configuration.code == 0, "\(configuration.output)\(configuration.messages)")
            let rules = try await promtool.run("check", "rules", "--lint-fatal", path("monitoring/rules.yaml"))
            #expect(rules.code == 0, "\(rules.output)\(rules.messages)")
        }

        /// Half a day without trouble, and each trouble alone.
        @Test(.enabled(if: Tool.promtool != nil, "promtool is not installed"))
        func everyAlertFiresInItsTestAndOnlyThen() async throws {
            let run = try await #require(Tool.promtool).run("test", "rules", path("monitoring/rules.test.yaml"))
            #expect(run.code == 0, "\(run.output)\(run.messages)")
        }

        /// Each expression is one that Prometheus reads.
        @Test(.enabled(if: Tool.promtool != nil, "promtool is not installed"))
        func everyExpressionOfADashboardIsOne() async throws {
            let folder = try TemporaryFolder()
            var rules = "groups:\n  - name: dashboards\n    rules:\n"
            let expressions = try DeployFolder.dashboards.flatMap { try Dashboard($0).panels.flatMap(\.expressions) }
            for (number, expression) in expressions.enumerated() {
                let text = Dashboard.filled(expression).replacing("'", with: "''")
                rules += "      - {record: \"panel:\(number)\", expr: '\(text)'}\n"
            }
            let run = try await #require(Tool.promtool).run("check", "rules", try folder.write(rules, to: "rules.yaml"))
            #expect(run.code == 0, "\(run.output)\(run.messages)")
        }

        @Test(.enabled(if: Tool.systemdAnalyze != nil, "systemd-analyze is not installed"))
        func systemdTakesTheUnitsAndThinksThemSafe() async throws {
            let systemd = try #require(Tool.systemdAnalyze)
            let folder = try TemporaryFolder()
            let program = try Package.binary().path
            for file in DeployFolder.units {
                let unit = try DeployFolder.text(file).replacing("/usr/bin/standing", with: program)
                let name = try #require(file.split(separator: "/").last)
                let verified = try await systemd.run(
                    "verify", "--man=no", "--recursive-errors=no", try folder.write(unit, to: String(name)))
                #expect(verified.code == 0 && verified.messages.isEmpty, "\(file): \(verified.messages)")
                // Of 100, the worst. What is left is that it uses the network.
                let security = try await systemd.run(
                    "security", "--offline=true", "--no-pager", "--threshold=13", path(file))
                #expect(security.code == 0, "\(file): \(security.output.suffix(400))")
            }
        }

        @Test(.enabled(if: Tool.kubernetesValidate != nil, "kubernetes-validate is not installed"))
        func kubernetesTakesTheManifestsAndTheOverlay() async throws {
            let validate = try #require(Tool.kubernetesValidate)
            let folder = try TemporaryFolder()
            let script = try folder.write(Self.overlay, to: "overlay.py")
            let overlay = folder.path("overlay.yaml")
            let built = try await #require(Tool.python).run(
                script, path("kubernetes/overlays/production"), overlay)
            try #require(built.code == 0, "\(built.messages)")
            // The oldest version that is supported by anybody, and the newest that is known.
            for version in [["-k", "1.30"], []] {
                let files = DeployFolder.manifests.map { path($0) } + [overlay]
                let run = try await Running(["--strict"] + version + files, executable: validate.url)
                    .finished(limit: Limit.run)
                #expect(run.code == 0, "\(run.output)\(run.messages)")
            }
            let members = try folder.read("overlay.yaml")
            #expect(members.contains("replicas: 3") && members.contains("storageClassName: fast-ssd"))
            #expect(members.contains("image: registry.example/standing:0.1.0"))
            #expect(members.contains("name: STANDING_ADVERTISE"), "what a patch does not name stays")
            #expect(members.contains("standing-2.standing-members:8080"))
        }

        /// What kustomize makes of an overlay, as far as this one needs it: resources, images, and patches that are merged by the
        /// names in lists.
        private static let overlay = """
            import os, sys, yaml
            def load(folder):
                kustomization = yaml.safe_load(open(os.path.join(folder, "kustomization.yaml")))
                known = {"apiVersion", "kind", "namespace", "labels", "resources", "images", "patches", "secretGenerator"}
                assert set(kustomization) <= known, set(kustomization) - known
                found = []
                for name in kustomization["resources"]:
                    path = os.path.join(folder, name)
                    found += load(path) if os.path.isdir(path) else list(yaml.safe_load_all(open(path)))
                for item in kustomization.get("patches", []):
                    patch = yaml.safe_load(open(os.path.join(folder, item["path"])))
                    mine = [x for x in found if (x["kind"], x["metadata"]["name"]) == (patch["kind"], patch["metadata"]["name"])]
                    assert len(mine) == 1, "a patch of what is not there"
                    merge(mine[0], patch)
                for image in kustomization.get("images", []):
                    for container in containers(found):
                        if container["image"].split(":")[0] == image["name"]:
                            container["image"] = image.get("newName", image["name"]) + ":" + image["newTag"]
                for secret in kustomization.get("secretGenerator", []):
                    data = {n: open(os.path.join(folder, n)).read() for n in secret["files"]}
                    found.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret["name"]}, "stringData": data})
                for resource in found:
                    if resource["kind"] != "Namespace": resource["metadata"]["namespace"] = kustomization["namespace"]
                return found
            def containers(value):
                if isinstance(value, list): return [c for item in value for c in containers(item)]
                if not isinstance(value, dict): return []
                return value.get("containers", []) + [c for item in value.values() for c in containers(item)]
            def merge(old, new, within=""):
                for key, value in new.items():
                    if isinstance(value, dict) and isinstance(old.get(key), dict): merge(old[key], value, key)
                    elif key in ("containers", "env") and key in old:
                        for item in value:
                            mine = [x for x in old[key] if x["name"] == item["name"]]
                            merge(mine[0], item) if mine else old[key].append(item)
                    else: old[key] = value
            rendered = load(sys.argv[1])
            # References to what is generated lead to it.
            names = {(x["kind"], x["metadata"]["name"]) for x in rendered}
            text = yaml.safe_dump_all(rendered)
            assert "secretName: standing-config" in text and ("Secret", "standing-config") in names
            open(sys.argv[2], "w").write(text)
            """
    }
}
