import LocalServers
import Messaging
import SagaModel

/// What runs, for people and for programs.
struct SystemReport {
    let folder: LocalFolder

    /// Tells what runs in the folder.
    ///
    /// - Parameter runsAlready: whether somebody asked for a start.
    func tell(_ console: Console, runsAlready: Bool = false) throws -> ExitCode {
        let state = try SystemState.running(folder)
        if runsAlready { console.say("it runs already (process \(state.supervisor?.pid ?? 0))\n") }
        try tell(state, console)
        return Self.exit(for: state)
    }

    /// How a look at a system ends, for people and for programs.
    static func exit(for state: SystemState?) -> ExitCode {
        guard let state, state.isRunning else { return .unavailable }
        return state.phase == .ready && state.services.allSatisfy { $0.condition == .ready } ? .success : .failed
    }

    func tell(_ state: SystemState, _ console: Console) throws(OutputClosed) {
        let style = console.output.style
        var table = TextTable("", "state", "process", "restarts", "")
        if let broker = state.broker {
            let place = BrokerAddress(broker).hosts.joined(separator: ",")
            table.add("broker", word(for: broker.isPrivate, in: state), "", "", "amqp://\(place)/")
        }
        if let database = state.database {
            table.add("database", word(for: database.isPrivate, in: state), "", "", place(of: database))
        }
        for service in state.services {
            table.add(
                service.name, service.condition.rawValue, service.processID.map { "\($0)" } ?? "",
                "\(service.restartCount)", service.note)
        }
        try console.print(table.text(columnCount: console.output.columnCount, style: style))
        for service in state.services {
            guard let trouble = service.trouble else { continue }
            try console.print("\n\(trouble.words)\nIts log: \(service.log)")
        }
    }

    /// What is known of a server. The system ends with its own, and does not ask the others: whether they answer shows in the
    /// services.
    private func word(for isPrivate: Bool, in state: SystemState) -> String {
        guard isPrivate else { return "not ours" }
        switch state.phase {
        case .starting, .ready: return "running"
        case .stopping, .stopped, .failed: return "stopping"
        }
    }

    private func place(of database: SystemState.Database) -> String {
        database.host.hasPrefix("/")
            ? "psql -h \(database.host) -p \(database.port)" : "postgres://\(database.host):\(database.port)/"
    }

    /// For programs.
    func value(of state: SystemState?, _ pauses: PauseReport) -> Value {
        guard let state, state.isRunning else {
            return .record(["running": .boolean(false), "note": state?.failure.map { .string($0) } ?? .null])
        }
        var record: Record = [
            "running": .boolean(true), "phase": .string(state.phase.rawValue), "note": .string(state.note),
            "pid": .integer(Int64(state.supervisor?.pid ?? 0)), "since": .integer(state.since),
        ]
        if let broker = state.broker {
            record["broker"] = .record([
                "hosts": .list(broker.hosts.map { .string($0) }), "virtualHost": .string(broker.virtualHost),
                "private": .boolean(broker.isPrivate),
            ])
        }
        if let database = state.database {
            record["database"] = .record([
                "host": .string(database.host), "port": .integer(Int64(database.port)),
                "private": .boolean(database.isPrivate),
            ])
        }
        record["services"] = .list(
            state.services.map { service in
                .record([
                    "name": .string(service.name), "state": .string(service.condition.rawValue),
                    "note": .string(service.note), "pid": service.processID.map { .integer(Int64($0)) } ?? .null,
                    "restarts": .integer(Int64(service.restartCount)), "log": .string(service.log),
                    "trouble": service.trouble.map { .string($0.words) } ?? .null,
                    "pauses": pauses.value(of: service.name),
                ])
            })
        return .record(record)
    }
}
