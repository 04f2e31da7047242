import Events
import Foundation
import Testing

extension CommandTests {
    /// Each name in `deploy/` is one that the program has: commands, flags, settings, ports, paths, files.
    struct DeployFilesTests {
        private struct Setting: Decodable {
            let name: String
            let variable: String
            let standard: String?

            enum CodingKeys: String, CodingKey {
                case name, variable
                case standard = "default"
            }
        }

        private func settings() async throws -> [Setting] {
            try await standing("settings", "--output", "json").lines.map {
                try JSONDecoder().decode(Setting.self, from: Data($0.utf8))
            }
        }

        /// The containers of the program: of Kubernetes and of compose, with the arguments of each.
        private func containers() throws -> [(file: String, name: String, arguments: [String], value: Document)] {
            var found: [(file: String, name: String, arguments: [String], value: Document)] = []
            for file in DeployFolder.manifests {
                for mapping in try DeployFolder.documents(file).flatMap(\.mappings)
                where mapping["image"].text == "standing" {
                    found.append((file, mapping["name"].text ?? "", mapping["args"].texts, mapping))
                }
            }
            let services = try DeployFolder.document("compose/compose.yaml")["services"]
            for name in services.keys where services[name]["image"].text == "standing" {
                found.append(("compose/compose.yaml", name, services[name]["command"].texts, services[name]))
            }
            return found
        }

        // MARK: Commands and flags

        @Test func everyCommandAndFlagIsOneOfTheProgram() async throws {
            let help = try await Help.ofAll()
            var count = 0
            func check(_ words: [String], _ file: String) {
                count += 1
                let mistake = help.mistake(in: words)
                #expect(mistake == nil, "\(file): standing \(words.joined(separator: " "))")
            }
            for file in DeployFolder.units {
                let unit = try DeployFolder.text(file)
                for match in unit.matches(of: /(?m)^ExecStart=\/usr\/bin\/standing (.+)$/) {
                    check(match.1.split(separator: " ").map(String.init), file)
                }
            }
            for container in try containers() { check(container.arguments, "\(container.file) \(container.name)") }
            let runbook = try DeployFolder.text("RUNBOOK.md")
            for match in runbook.matches(of: /(?:`|(?m)^)standing ([a-z][^`\n#;]*)/) {
                check(match.1.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init), "RUNBOOK.md")
            }
            #expect(count > 30, "the files are read as they are meant")
            let flags = help.everyFlag
            for match in runbook.matches(of: /`(--[a-z-]+)/) {
                #expect(flags.contains(String(match.1)), "RUNBOOK.md: \(match.1)")
            }
        }

        @Test func everyVariableIsASetting() async throws {
            let known = Set(try await settings().map(\.variable) + ["STANDING_CONFIG"])
            var found: Set<String> = []
            for file in try DeployFolder.files() {
                for match in try DeployFolder.text(file).matches(of: /\bSTANDING_[A-Z_]+\b/) {
                    #expect(known.contains(String(match.0)), "\(file): \(match.0)")
                    found.insert(String(match.0))
                }
            }
            #expect(found.isSuperset(of: ["STANDING_MEMORY_LIMIT", "STANDING_WORKERS"]))
        }

        /// The services accept each file, but for the folders that a test has not.
        @Test(arguments: [
            "systemd/standing.yaml", "compose/standing.yaml", "kubernetes/overlays/production/standing.yaml",
        ])
        func everyConfigurationFileIsOneThatTheServicesTake(_ file: String) async throws {
            let folder = try TemporaryFolder()
            let path = DeployFolder.root.appending(path: file).path
            let town = DeployFolder.root.appending(path: "policies/town/town.yaml").path
            for arguments in [
                ["serve", "--policy", town, "--data", folder.path("data")],
                ["perks", "--database", folder.path("perks.sqlite")],
                ["blacklist", "--database", folder.path("blacklist.sqlite")],
            ] {
                let run = try await Running(arguments + ["--config", path, "--show-config"]).finished()
                #expect(run.code == 0, "\(file): \(run.messages)")
                #expect(!run.output.contains("change-me"))
            }
        }

        // MARK: Ports and paths

        @Test func everyPortIsTheProgramsOwn() async throws {
            let settings = try await settings()
            func port(_ name: String) -> String? { settings.first { $0.name == name }?.standard }
            let ports = [
                "": port("http-port"), "-perks": port("perks.http-port"), "-blacklist": port("blacklist.http-port"),
                "-lag": port("lag.http-port"),
            ]
            for (name, port) in ports {
                let port = try #require(port)
                // By Kubernetes: what a service leads to, and what the network lets through.
                let manifest = "kubernetes/base/\(name.isEmpty ? "members" : String(name.dropFirst())).yaml"
                let mappings = try DeployFolder.documents(manifest).flatMap(\.mappings)
                #expect(mappings.compactMap { $0["containerPort"].text } == [port], "\(manifest)")
                #expect(Set(mappings.filter { !$0["targetPort"].isMissing }.compactMap { $0["port"].text }) == [port])
                #expect(mappings.compactMap { $0["prometheus.io/port"].text } == [port])
                let policy = try DeployFolder.documents("kubernetes/base/network.yaml")
                    .first { $0["metadata"]["name"].text == "standing\(name)" }
                #expect(try #require(policy)["spec"]["ingress"].mappings.compactMap { $0["port"].text } == [port])
                let unitPort = try DeployFolder.document("systemd/standing.yaml")
                let own = name.isEmpty ? unitPort : unitPort[String(name.dropFirst())]
                #expect(own["http-port"].text == port)
            }
            let known = Set(ports.values.compactMap(\.self))
            for file in try DeployFolder.files() {
                for match in try DeployFolder.text(file).matches(of: /\b808\d\b/) {
                    #expect(known.contains(String(match.0)), "\(file): \(match.0)")
                }
            }
        }

        /// They answer, whatever the state of what is asked.
        @Test func everyPathThatIsProbedIsAnswered() async throws {
            var paths: Set<String> = []
            for file in try DeployFolder.files() {
                let text = try DeployFolder.text(file)
                for match in text.matches(of: /path: (\/[a-z]+)[,}\n]/) { paths.insert(String(match.1)) }
                for match in text.matches(of: /:(?:80\d\d|\$\{[^}]*\})(\/[a-z]+)/) { paths.insert(String(match.1)) }
                for match in text.matches(of: /`(\/[a-z]+z|\/metrics)`/) { paths.insert(String(match.1)) }
            }
            // Of examples.
            paths.subtract(["/subjects", "/changes"])
            #expect(paths == ["/livez", "/readyz", "/metrics"])
            let folder = try TemporaryFolder()
            let away = ["--brokers", "127.0.0.1:1", "--http-port", "0"]
            for arguments in [
                ["serve"], ["perks", "--database", folder.path("perks.sqlite")],
                ["blacklist", "--database", folder.path("blacklist.sqlite")], ["lag", "--serve"],
            ] {
                let service = try Running(arguments + away)
                let address = try await service.message(after: "listening on ")
                for path in paths {
                    let status = try #require(await answer(address + path)).status
                    #expect(status == 200 || path == "/readyz" && status == 503, "\(arguments[0]) \(path)")
                }
                #expect(try await service.stop().code == 0)
            }
        }

        // MARK: Files

        @Test func everyFileThatIsNamedIsThere() throws {
            var (copied, mounted, policies) = (0, 0, 0)
            for match in try DeployFolder.text("docker/Dockerfile").matches(of: /(?m)^COPY (?!--from)(.+) \S+$/) {
                for source in match.1.split(separator: " ") where source != "Package.*" {
                    #expect(DeployFolder.exists("../\(source)"), "Dockerfile: \(source)")
                    copied += 1
                }
            }
            let compose = try DeployFolder.document("compose/compose.yaml")
            for mapping in compose.mappings {
                if let file = mapping["dockerfile"].text { #expect(DeployFolder.exists("../\(file)"), "\(file)") }
                for volume in mapping["volumes"].texts where volume.hasPrefix("../") {
                    let source = volume.split(separator: ":")[0]
                    #expect(DeployFolder.exists("compose/\(source)"), "compose.yaml: \(source)")
                    mounted += 1
                }
            }
            // The other one is made by the caller that starts it.
            #expect(try DeployFolder.text("compose/.gitignore") == "grafana-password\n")
            for name in ["base", "overlays/production"] {
                let folder = "kubernetes/\(name)"
                let kustomization = try DeployFolder.document("\(folder)/kustomization.yaml")
                let files =
                    kustomization["resources"].texts + kustomization["patches"].items.compactMap { $0["path"].text }
                    + kustomization["secretGenerator"].items.flatMap { $0["files"].texts }
                #expect(!files.isEmpty, "\(folder)")
                for file in files { #expect(DeployFolder.exists("\(folder)/\(file)"), "\(folder): \(file)") }
            }
            let base = try DeployFolder.document("kubernetes/base/kustomization.yaml")["resources"].texts
            #expect(Set(base.map { "kubernetes/base/\($0)" }) == Set(DeployFolder.manifests))
            for match in try DeployFolder.text("RUNBOOK.md").matches(of: /\]\(([^)#]+)\)/) {
                #expect(DeployFolder.exists(String(match.1)), "RUNBOOK.md: \(match.1)")
            }
            // In the image, of the program's own policies.
            for file in try DeployFolder.files() {
                for match in try DeployFolder.text(file).matches(
                    of: /\/usr\/share\/standing\/(policies\/[a-z\/]+\.yaml)/)
                {
                    #expect(DeployFolder.exists(String(match.1)), "\(file): \(match.1)")
                    policies += 1
                }
            }
            #expect(copied > 0 && mounted > 0 && policies > 0)
        }

        /// The cause of a member's lag is the member's own word: the exporter asks each.
        @Test func theExporterAsksEveryMember() throws {
            func asked(_ file: String) throws -> [String] {
                try DeployFolder.documents(file).flatMap(\.mappings).map { $0["args"].texts }
                    .flatMap { $0.drop { $0 != "--ask" }.dropFirst() }
            }
            for folder in ["kubernetes/base", "kubernetes/overlays/production"] {
                let members = try #require(
                    DeployFolder.documents("\(folder)/members.yaml").first { $0["kind"].text == "StatefulSet" })
                let count = try #require(members["spec"]["replicas"].number)
                let all = (0..<count).map { "standing-\($0).standing-members:8080" }
                #expect(try asked("\(folder)/lag.yaml") == all, "\(folder)")
            }
            let services = try DeployFolder.document("compose/compose.yaml")["services"]
            let members = services.keys.filter { services[$0]["command"].texts.first == "serve" }.map { "\($0):8080" }
            let command = services["lag"]["command"].texts
            #expect(Array(command.drop { $0 != "--ask" }.dropFirst()) == members)
        }

        // MARK: Rights

        /// Nothing runs as root, writes to its image, or may become more than it is.
        @Test func everyContainerHasTheLeastRights() throws {
            var count = 0
            for container in try containers() {
                count += 1
                let (value, name) = (container.value, "\(container.file) \(container.name)")
                if container.file.hasPrefix("compose") {
                    #expect(value["read_only"].flag == true, "\(name)")
                    #expect(value["cap_drop"].texts == ["ALL"], "\(name)")
                    #expect(value["security_opt"].texts == ["no-new-privileges:true"], "\(name)")
                    #expect(value["ports"].texts.allSatisfy { $0.hasPrefix("127.0.0.1:") }, "\(name)")
                    #expect(value["secrets"].texts == ["standing.yaml"], "\(name)")
                } else {
                    let rights = value["securityContext"]
                    #expect(rights["allowPrivilegeEscalation"].flag == false, "\(name)")
                    #expect(rights["readOnlyRootFilesystem"].flag == true, "\(name)")
                    #expect(rights["capabilities"]["drop"].texts == ["ALL"], "\(name)")
                    #expect(!value["resources"]["limits"]["memory"].isMissing, "\(name)")
                    #expect(!value["resources"]["requests"]["cpu"].isMissing, "\(name)")
                }
            }
            #expect(count == 11)
            for file in DeployFolder.manifests {
                for pod in try DeployFolder.documents(file).flatMap(\.mappings) where !pod["containers"].isMissing {
                    #expect(pod["automountServiceAccountToken"].flag == false, "\(file)")
                    #expect(pod["securityContext"]["runAsNonRoot"].flag == true, "\(file)")
                    #expect(pod["securityContext"]["seccompProfile"]["type"].text == "RuntimeDefault", "\(file)")
                }
            }
            let image = try DeployFolder.text("docker/Dockerfile")
            let user = try #require(image.firstMatch(of: /(?m)^USER (\d+):(\d+)$/))
            #expect(user.1 != "0" && image.contains("--uid \(user.1) ") && image.contains("--gid \(user.2) "))
            let members = try DeployFolder.text("kubernetes/base/members.yaml")
            #expect(members.contains("runAsUser: \(user.1)\n") && members.contains("fsGroup: \(user.2)\n"))
        }

        /// Enrolments become dead letters before the container is killed, and no more threads fold than there are CPUs.
        @Test func aMembersOwnLimitsAreBelowItsContainers() throws {
            func bytes(_ text: String) throws -> Int {
                let match = try #require(text.wholeMatch(of: /(\d+)([MG])i?/))
                return try #require(Int(match.1)) << (match.2 == "G" ? 30 : 20)
            }
            for file in ["base/members.yaml", "overlays/production/members.yaml"] {
                let container = try #require(
                    DeployFolder.documents("kubernetes/\(file)").flatMap(\.mappings)
                        .first { $0["name"].text == "standing" && !$0["env"].isMissing })
                func variable(_ name: String) -> String? {
                    container["env"].items.first { $0["name"].text == name }?["value"].text
                }
                let limit = try #require(container["resources"]["limits"]["memory"].text)
                let own = try #require(variable("STANDING_MEMORY_LIMIT"))
                #expect(try bytes(own) * 10 <= bytes(limit) * 8, "\(file)")
                #expect(variable("STANDING_WORKERS") == container["resources"]["requests"]["cpu"].text, "\(file)")
            }
        }

        /// A hang that the groups do not tolerate is no shorter than one that systemd does not.
        @Test func aWatchdogWaitsAsLongAsTheGroups() async throws {
            let limit = try #require(try await settings().first { $0.name == "max-poll-interval" }?.standard)
            for file in DeployFolder.units {
                let unit = try DeployFolder.text(file)
                let keepsNothing = file.hasSuffix("-lag.service")
                #expect(unit.contains("\nType=notify\n") != keepsNothing)
                #expect(unit.contains("\nWatchdogSec=\(limit)in\n") != keepsNothing, "\(file)")
                let user = try #require(unit.firstMatch(of: /(?m)^User=(.+)$/)).1
                #expect(unit.contains("\nStateDirectory=\(user)\n") != keepsNothing, "\(file)")
                let users = try DeployFolder.text("systemd/standing.sysusers")
                #expect(users.contains("\nu \(user) - "), "\(file)")
            }
        }
    }
}
