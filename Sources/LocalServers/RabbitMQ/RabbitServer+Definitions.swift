/// The broker's own file of queues, exchanges, users and rights.
extension RabbitServer {
    /// Adds and changes what a definitions file says; nothing is removed.
    ///
    /// The same as `rabbitmqctl import_definitions`, without the second it takes to start that.
    package func importDefinitions(_ definitions: [UInt8]) async throws {
        try await onOwnThread {
            let name = "definitions.json"
            try self.folder.write(name, String(decoding: definitions, as: UTF8.self))
            let path = self.erlang(binary: self.folder.path(of: name))
            let answer = try self.answer(
                to: """
                    case file:read_file(\(path)) of
                        {ok, Definitions} -> rabbit_definitions:import_raw(Definitions);
                        Failure -> Failure
                    end
                    """, limit: .seconds(60))
            guard answer == "ok" else {
                throw LocalServerError(
                    .commandFailed, subject: "RabbitMQ broker \(self.nodeName)",
                    problem: "it does not take the definitions: \(answer)",
                    remedy: "compare them with what the broker holds: skald topology diff", logPath: self.logPath)
            }
        }
    }
}
