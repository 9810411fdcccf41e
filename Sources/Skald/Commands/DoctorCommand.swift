import AMQP
import LocalServers
import Messaging
import Orchestration
import SagaModel

extension Command {
    static let doctor = Command(
        "doctor", "Look for what is missing, and say how to mend it",
        examples: [
            Example("skald doctor", "Programs, files, what runs, queues against what is declared."),
            Example(
                "AMQP_URL=... DATABASE_URL=... skald doctor", "The servers that these name, in place of private ones."),
            Example("skald doctor --json", "The same for a program."),
        ],
        options: [.value("sagas", "FOLDER", "The folder with the definitions; `sagas` if left out."), .json],
        exits: [.success: "nothing is missing", .failed: "something is, and is named"]
    ) { arguments, console in
        let findings = await Examination(sagas: arguments.value("sagas") ?? "sagas").findings()
        let troubles = findings.filter { $0.problem != nil }
        if arguments.has("json") {
            try console.print(CanonicalJSON.text(of: .list(findings.map(\.value))))
        } else {
            for finding in findings { try console.print(finding.words(console.output.style)) }
            console.say(
                troubles.isEmpty ? "\nnothing is missing" : "\n\(troubles.count) of \(findings.count) need a hand")
        }
        return troubles.isEmpty ? .success : .failed
    }
}

/// One thing that was looked at.
struct ExaminationFinding {
    let name: String
    /// What was found; nil problem means that it is well.
    let found: String
    let problem: String?
    let remedy: String?

    static func well(_ name: String, _ found: String = "") -> ExaminationFinding {
        ExaminationFinding(name: name, found: found, problem: nil, remedy: nil)
    }

    static func ill(_ name: String, _ problem: String, _ remedy: String) -> ExaminationFinding {
        ExaminationFinding(name: name, found: "", problem: problem, remedy: remedy)
    }

    func words(_ style: Style) -> String {
        guard let problem else { return "\(style.green("ok  ")) \(name)\(found.isEmpty ? "" : ": \(found)")" }
        return "\(style.red("fail")) \(name): \(problem)" + (remedy.map { "\n     mend: \($0)" } ?? "")
    }

    var value: Value {
        .record([
            "name": .string(name), "ok": .boolean(problem == nil), "found": .string(found),
            "problem": problem.map { .string($0) } ?? .null, "remedy": remedy.map { .string($0) } ?? .null,
        ])
    }
}

/// Looks at everything that a start needs and at what runs.
struct Examination {
    let sagas: String
    var folder = LocalFolder.current()
    var programs = ServicePrograms.installed()
    var environment: @Sendable (String) -> String? = variable

    func findings() async -> [ExaminationFinding] {
        var findings = await servers()
        do {
            let system = try DeclaredSystem(folder: sagas)
            findings.append(.well("definitions", "\(system.services.count) services declared in \(sagas)"))
            let problems = system.findings
            if let first = problems.first {
                findings.append(
                    .ill("declarations", "\(first)", "Change the declaration; skald topology show lists all."))
            }
            findings += built(system)
            findings += await running(system)
        } catch {
            findings.append(.ill("definitions", "\(error)", "Run it where the folder `sagas` is, or give --sagas."))
        }
        return findings
    }

    private func built(_ system: DeclaredSystem) -> [ExaminationFinding] {
        let missing = system.services.map(\.name).filter { !programs.exists($0) }
        if missing.isEmpty { return [.well("services", "built, in \(programs.folder)")] }
        return [
            .ill("services", "\(missing.map(ServicePrograms.name).joined(separator: ", ")) not built", "swift build")
        ]
    }

    private func running(_ system: DeclaredSystem) async -> [ExaminationFinding] {
        guard let state = try? SystemState.read(folder), state.isRunning else {
            return [.well("system", "does not run; skald up starts it")]
        }
        var findings: [ExaminationFinding] = [.well("system", "runs as process \(state.supervisor?.pid ?? 0)")]
        for service in state.services where service.condition != .ready {
            findings.append(
                .ill(
                    "service \(service.name)", "\(service.condition.rawValue): \(service.note)",
                    "skald logs \(service.name)"))
        }
        findings.append(await queues(state, system))
        return findings
    }

    /// Whether the queues are there, as the services themselves look for them.
    private func queues(_ state: SystemState, _ system: DeclaredSystem) async -> ExaminationFinding {
        let remedy = "skald topology diff shows what differs, skald topology apply mends it"
        do {
            let broker = try Surroundings(folder: folder).broker()
            let names = system.topology().queues.map(\.name)
            let counts = try await QueueCounts.read(names, broker)
            let missing = names.filter { counts[$0] == nil }
            if let first = missing.first {
                return .ill("queues", "\(missing.count) of \(names.count) missing, such as \(first)", remedy)
            }
            let dead = counts.filter { $0.key.hasSuffix(".dead") && $0.value.messageCount > 0 }
            let note = dead.sorted { $0.key < $1.key }.map { "\($0.value.messageCount) in \($0.key)" }
            return .well(
                "queues",
                "\(names.count) there" + (note.isEmpty ? "" : "; dead letters: " + note.joined(separator: ", ")))
        } catch {
            return .ill("queues", "\(error)", "skald status")
        }
    }
}
