import Messaging
import Orchestration
import SagaModel

extension Command {
    /// `skald topology show`, `apply` and `diff`.
    static let topology: [Command] = [topologyShow, topologyApply, topologyDiff]

    private static let folderOption = Option.value(
        "sagas", "FOLDER", "The folder with the definitions; `sagas` if left out.")
    private static let virtualHostOption = Option.value(
        "vhost", "NAME", "The broker's virtual host; `/` if left out.")

    private static let topologyShow = Command(
        "topology show", "Show what broker and databases have to hold",
        examples: [
            Example("skald topology show", "Queues, exchanges, users and their rights, for people."),
            Example("skald topology show --definitions > compose/rabbitmq/definitions.json", "The broker's own file."),
            Example("skald topology show --roles > compose/postgres/roles.sql", "The databases and roles, for psql."),
        ],
        options: [
            folderOption, virtualHostOption, .flag("definitions", "Print the broker's definitions file."),
            .flag("roles", "Print the script that makes databases and roles."),
        ],
        exits: [
            .failed: "the declarations would lose a message or never be heard of", .badInput: "a file cannot be read",
        ]
    ) { arguments, console in
        let system = try DeclaredSystem(folder: arguments.value("sagas") ?? "sagas")
        let topology = system.topology(virtualHost: arguments.value("vhost") ?? "/")
        if arguments.has("definitions") {
            try console.output.write(String(decoding: try topology.definitions(), as: UTF8.self) + "\n")
        } else if arguments.has("roles") {
            try console.output.write(system.roles.script)
        } else {
            try TopologyReport(topology).tell(console)
        }
        for finding in system.findings { console.say(console.messages.style.red("error:") + " \(finding)") }
        return system.findings.isEmpty ? .success : .failed
    }

    private static let topologyDiff = Command(
        "topology diff", "Show by name in what the running broker differs",
        examples: [
            Example("skald topology diff", "Each difference with the command that mends it."),
            Example("RABBITMQCTL='docker compose exec -T rabbitmq rabbitmqctl' skald topology diff", "In a container."),
        ],
        options: [folderOption, virtualHostOption, .json],
        exits: [
            .success: "the broker holds what is declared", .failed: "it differs",
            .unavailable: "the broker cannot be asked",
        ]
    ) { arguments, console in
        let change = try await TopologyCommand(arguments).change()
        let differences = change.differences
        if arguments.has("json") {
            try console.print(CanonicalJSON.text(of: .list(differences.map(\.value))))
        } else {
            for difference in differences {
                try console.print("\(difference)\n  \(console.output.style.faint("mend:")) \(difference.remedy)")
            }
            console.say(
                differences.isEmpty
                    ? "the broker holds what is declared" : "\(differences.count) differences")
        }
        return differences.isEmpty ? .success : .failed
    }

    private static let topologyApply = Command(
        "topology apply", "Bring the running broker to what is declared",
        examples: [
            Example("skald topology apply --passwords broker.passwords", "Users are made with these passwords."),
            Example("skald topology apply --prune", "Undeclared bindings go as well; queues are never deleted."),
        ],
        options: [
            folderOption, virtualHostOption,
            .value("passwords", "FILE", "Lines user=password; a user without one keeps what it has, or cannot log in."),
            .flag("prune", "Remove bindings that nobody declared."),
        ],
        exits: [
            .success: "the broker holds what is declared", .failed: "something stands in the way, and is named",
            .unavailable: "the broker cannot be asked",
        ]
    ) { arguments, console in
        let command = TopologyCommand(arguments)
        let hashes = try arguments.value("passwords").map { try PasswordFile($0).hashes } ?? [:]
        let change = try await command.change()
        try await command.control.importDefinitions(try change.definitions(passwordHashes: hashes))
        if arguments.has("prune") {
            for binding in change.surplusBindings { try await command.control.remove(binding, in: command.virtualHost) }
        }
        for user in change.usersWithoutPassword(hashes) {
            console.say(
                "\(console.messages.style.yellow("warning:")) user \(user) has no password and cannot log in by one")
        }
        let after = try await command.change()
        for difference in after.differences {
            try console.print("\(difference)\n  \(console.output.style.faint("mend:")) \(difference.remedy)")
        }
        console.say(
            "\(change.differences.count) differences before, \(after.differences.count) after")
        let isMended = after.differences.allSatisfy { $0.nature == .unexpected }
        return isMended ? .success : .failed
    }
}

/// What the commands of one line share.
struct TopologyCommand {
    let system: @Sendable () throws -> DeclaredSystem
    let virtualHost: String
    let control: BrokerControl

    init(_ arguments: Arguments, control: BrokerControl = Surroundings().control ?? .process()) {
        let folder = arguments.value("sagas") ?? "sagas"
        system = { try DeclaredSystem(folder: folder) }
        virtualHost = arguments.value("vhost") ?? "/"
        self.control = control
    }

    /// What is declared for the version of broker that runs, beside what it holds.
    func change() async throws -> TopologyChange {
        let system = try system()
        let found = try await control.export()
        return TopologyChange(
            wanted: system.topology(virtualHost: virtualHost, version: found.version),
            found: try found.topology(virtualHost: virtualHost))
    }
}

extension TopologyDifference {
    /// The difference for programs.
    var value: Value {
        var record: Record = [
            "kind": .string(kind.rawValue), "name": .string(name), "message": .string(description),
            "remedy": .string(remedy),
        ]
        switch nature {
        case .missing: record["nature"] = "missing"
        case .unexpected: record["nature"] = "unexpected"
        case .changed(let wanted, let found):
            record["nature"] = "changed"
            record["wanted"] = .string(wanted)
            record["found"] = .string(found)
        }
        return .record(record)
    }
}

/// A topology for people: what each queue is fed by and gives up to, and who may do what.
struct TopologyReport {
    private let topology: Topology

    init(_ topology: Topology) { self.topology = topology }

    func tell(_ console: Console) throws(OutputClosed) {
        var queues = TextTable("queue", "fed by", "gives up to")
        for queue in topology.queues {
            let sources = topology.bindings.filter { $0.queue == queue.name }.map {
                "\($0.exchange) [\($0.routingKey)]"
            }
            let rules = topology.policies.first { $0.matches(queue.name) }?.rules
            queues.add(queue.name, sources.joined(separator: ", "), rules.map(Self.end) ?? "")
        }
        try console.print(queues.text(columnCount: console.output.columnCount, style: console.output.style) + "\n")
        var users = TextTable("user", "writes", "reads", "events")
        for permission in topology.permissions {
            let events = topology.topicPermissions.first { $0.user == permission.user }?.write ?? ""
            users.add(permission.user, permission.write, permission.read, events)
        }
        try console.print(users.text(columnCount: console.output.columnCount, style: console.output.style))
    }

    private static func end(_ rules: PolicyRules) -> String {
        guard let exchange = rules.deadLetterExchange else { return "" }
        let key = rules.deadLetterRoutingKey ?? ""
        let target = exchange.isEmpty ? key : "\(exchange) [\(key)]"
        return rules.messageTTLMilliseconds.map { "\(target) after \(Duration.milliseconds($0).words)" } ?? target
    }
}
