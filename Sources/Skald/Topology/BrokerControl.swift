import Messaging

/// What an administrator does to a broker: take its definitions out, put some in, remove a binding.
struct BrokerControl: Sendable {
    /// Runs the broker's own tool with arguments and an input, and returns what it printed.
    let run: @Sendable (_ arguments: [String], _ input: [UInt8]) async throws -> [UInt8]

    /// The tool that `RABBITMQCTL` names, such as `docker compose exec -T rabbitmq rabbitmqctl`; `rabbitmqctl` otherwise.
    static func process(environment: (String) -> String? = variable) -> BrokerControl {
        program((environment("RABBITMQCTL") ?? "rabbitmqctl").split(separator: " ").map { String($0) })
    }

    /// A command that does what `rabbitmqctl` does.
    static func program(_ words: [String]) -> BrokerControl {
        BrokerControl { arguments, input in
            let result = try await Subprocess(words + arguments, input: input).run()
            guard result.status == 0 else {
                let said = String(decoding: result.errors.isEmpty ? result.output : result.errors, as: UTF8.self)
                throw Failure(
                    .unavailable, "`\((words + arguments).joined(separator: " "))` failed: \(said.firstLines(4))",
                    remedy:
                        "Run it as a user that may administer the broker, or set RABBITMQCTL to the command that can.")
            }
            return result.output
        }
    }

    /// Asks for all definitions; again where the tool gives an Erlang error in their place, as it does when a virtual host
    /// goes while they are gathered.
    func export() async throws -> BrokerDefinitions {
        let began = ContinuousClock.now
        for _ in 0..<Self.exportAttempts - 1 {
            do {
                return try BrokerDefinitions(try await exported())
            } catch  where !(error is CancellationError) && ContinuousClock.now - began < Self.exportPatience {
                continue
            }
        }
        return try BrokerDefinitions(try await exported())
    }

    private static let exportAttempts = 4
    /// A broker that takes longer to answer is not asked again.
    private static let exportPatience = Duration.seconds(60)

    private func exported() async throws -> [UInt8] {
        try await run(["--quiet", "export_definitions", "-"], [])
    }

    /// Adds and changes what the file says; nothing is removed.
    func importDefinitions(_ definitions: [UInt8]) async throws {
        _ = try await run(["--quiet", "import_definitions"], definitions)
    }

    func remove(_ binding: Topology.Binding, in virtualHost: String) async throws {
        func resource(_ kind: String, _ name: String) -> String {
            "rabbit_misc:r(\(Self.binary(virtualHost)), \(kind), \(Self.binary(name)))"
        }
        let term =
            "{binding, \(resource("exchange", binding.exchange)), \(Self.binary(binding.routingKey)), "
            + "\(resource("queue", binding.queue)), []}"
        let result = try await run(
            ["--quiet", "eval", "rabbit_binding:remove(\(term), \(Self.binary("skald")))."], [])
        let answer = String(decoding: result, as: UTF8.self)
        guard answer.contains("ok") else {
            throw Failure(.failed, "the broker does not remove the binding \(binding): \(answer.firstLines(2))")
        }
    }

    /// A text as an Erlang binary, byte by byte, so that nothing in it can end the literal.
    private static func binary(_ text: String) -> String {
        "<<" + text.utf8.map { String($0) }.joined(separator: ",") + ">>"
    }
}

/// What a broker says of itself when asked for its definitions.
struct BrokerDefinitions {
    let bytes: [UInt8]
    let version: BrokerVersion

    init(_ bytes: [UInt8]) throws {
        // Older tools print a line of their own before the JSON.
        let start = bytes.firstIndex(of: UInt8(ascii: "{")) ?? bytes.startIndex
        self.bytes = Array(bytes[start...])
        let document = try JSON.decode(
            JSONValue.self, from: self.bytes, limits: JSON.Limits(byteCountMax: 16 << 20, depthMax: 64))
        guard case .string(let text) = document["rabbit_version"] ?? document["rabbitmq_version"] else {
            throw Failure(
                .unavailable, "the broker's definitions do not say its version", remedy: "RabbitMQ 3.10 or later does.")
        }
        version = try BrokerVersion(supported: text)
    }

    func topology(virtualHost: String) throws -> Topology {
        try Topology(definitions: bytes, virtualHost: virtualHost)
    }
}

extension BrokerVersion {
    /// Reads what a broker says of itself.
    ///
    /// - Throws: where it lacks what the contract needs.
    init(supported text: String) throws(Failure) {
        guard let version = BrokerVersion(text), version >= .oldestSupported else {
            throw Failure(
                .unavailable, "the broker is RabbitMQ \(text)",
                remedy: "Take RabbitMQ \(BrokerVersion.oldestSupported) or later.")
        }
        self = version
    }
}

extension String {
    /// The first lines that are not empty, in one line.
    func firstLines(_ count: Int) -> String {
        split(whereSeparator: \.isNewline).prefix(count).joined(separator: " / ")
    }
}
