/// What an administrator does to a broker.
///
/// `ctl` is the real command-line tool and takes 0.5 to 1.5 s. The rest speaks to the node through `erl_call`, which
/// takes 20 ms, and runs the very functions the tool would run.
extension RabbitServer {
    /// Runs `rabbitmqctl` against this node and gives its output.
    package func ctl(_ arguments: [String]) async throws -> String {
        try await onOwnThread { try RabbitInstallation.tool("rabbitmqctl", arguments, for: self).output() }
    }

    /// The broker's version, such as `3.10.8`.
    package func version() async throws -> String {
        try await evaluate("rabbit_misc:version()").filter { $0 != "\"" }
    }

    /// Evaluates an Erlang expression in the node and gives the term it yields, as text.
    ///
    /// - Parameters:
    ///   - expression: Without the final full stop. Values from outside go in through `erlang(binary:)`.
    ///   - limit: How long it may take.
    @discardableResult
    package func evaluate(_ expression: String, limit: Duration = .seconds(60)) async throws -> String {
        try await onOwnThread { try self.answer(to: expression, limit: limit) }
    }

    /// As `evaluate`, on a thread that may block.
    func answer(to expression: String, limit: Duration) throws -> String {
        // A name of our own: those that `-r` draws are the same for two calls of one second.
        let arguments = [
            "erl_call", "-h", "skald-tool-\(ServerFolder.randomName())", "-name", nodeName,
            "-timeout", "\(limit.components.seconds)", "-e",
        ]
        let command = RabbitInstallation.command(arguments, for: self, input: expression + ".\n", limit: limit)
        let answer = try command.output()
        guard answer.hasPrefix("{ok, "), answer.hasSuffix("}") else {
            throw LocalServerError(
                .commandFailed, subject: "RabbitMQ broker \(nodeName)",
                problem: "evaluating `\(expression)` gave \(answer)", remedy: "correct the expression",
                logPath: logPath)
        }
        return String(answer.dropFirst("{ok, ".count).dropLast())
    }

    /// Adds a user, or gives the one there a new password. Tags are words such as `administrator`.
    package func addUser(_ name: String, password: String, tags: [String] = []) async throws {
        let user = erlang(binary: name)
        let secret = erlang(binary: password)
        let words = tags.map { "binary_to_atom(\(erlang(binary: $0)))" }.joined(separator: ",")
        try await evaluate(
            """
            ok = case rabbit_auth_backend_internal:exists(\(user)) of
                true -> rabbit_auth_backend_internal:change_password(\(user), \(secret), \(actor));
                false -> rabbit_auth_backend_internal:add_user(\(user), \(secret), \(actor))
            end,
            ok = rabbit_auth_backend_internal:set_tags(\(user), [\(words)], \(actor))
            """)
    }

    /// Removes a user. The broker closes its connections.
    package func deleteUser(_ name: String) async throws {
        try await evaluate("ok = rabbit_auth_backend_internal:delete_user(\(erlang(binary: name)), \(actor))")
    }

    /// Sets what `user` may do in `virtualHost`, as three regular expressions over names.
    package func setPermissions(
        _ user: String, in virtualHost: String, configure: String = ".*", write: String = ".*", read: String = ".*"
    ) async throws {
        let values = [user, virtualHost, configure, write, read].map { erlang(binary: $0) }.joined(separator: ",")
        try await evaluate("ok = rabbit_auth_backend_internal:set_permissions(\(values), \(actor))")
    }

    /// Takes all permissions of `user` in `virtualHost` away.
    package func clearPermissions(_ user: String, in virtualHost: String) async throws {
        let values = "\(erlang(binary: user)), \(erlang(binary: virtualHost))"
        try await evaluate("ok = rabbit_auth_backend_internal:clear_permissions(\(values), \(actor))")
    }

    /// Sets which routing keys `user` may publish to and bind on a topic exchange.
    package func setTopicPermissions(
        _ user: String, in virtualHost: String, exchange: String, write: String, read: String
    ) async throws {
        let values = [user, virtualHost, exchange, write, read].map { erlang(binary: $0) }.joined(separator: ",")
        try await evaluate("ok = rabbit_auth_backend_internal:set_topic_permissions(\(values), \(actor))")
    }

    /// Moves the memory alarm: a tiny fraction such as 0.00001 raises it at once, 0.4 is the default that lifts it.
    ///
    /// While it is raised the broker stops reading from connections that publish, and says `connection.blocked`.
    package func setMemoryWatermark(_ fraction: Double) async throws {
        // As a quotient, because Erlang does not read all of Swift's spellings of a small number.
        let billionths = Int((fraction * 1_000_000_000).rounded())
        try await evaluate("ok = vm_memory_monitor:set_vm_memory_high_watermark(\(billionths) / 1000000000)")
    }

    /// Under which name changes are noted in the broker's log.
    var actor: String { erlang(binary: "skald") }

    /// `text` as an Erlang binary, spelled byte by byte so that no text can break out of it.
    package func erlang(binary text: String) -> String {
        "<<\(text.utf8.map(String.init).joined(separator: ","))>>"
    }
}
