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
        return state.phase == .ready && state.services.allSatisfy { $0.condition == .ready } ? .success : .failed
    }

    func tell(_ state: SystemState, _ console: Console) throws(OutputClosed) {
        let style = console.output.style
        var table = TextTable("", "state", "process", "restarts", "")
        if let broker = state.broker {
            let place = BrokerAddress(broker).hosts.joined(separator: ",")
            table.add("broker", "running", "", "", "amqp://\(place)/" + (broker.isPrivate ? "" : " (not ours)"))
        }
        if let database = state.database {
            table.add("database", "running", "", "", place(of: database) + (database.isPrivate ? "" : " (not ours)"))
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

    private func place(of database: SystemState.Database) -> String {
        database.host.hasPrefix("/")
            ? "psql -h \(database.host) -p \(database.port)" : "postgres://\(database.host):\(database.port)/"
    }

    /// For programs.
    func value(of state: SystemState?, _ pauses: PauseReport) -> Value {
        guard let state, state.isRunning else { return .record(["running": .boolean(false)]) }
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
