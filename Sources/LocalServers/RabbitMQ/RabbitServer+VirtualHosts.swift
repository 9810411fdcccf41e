/// Virtual hosts: how tests share one broker without seeing each other.
extension RabbitServer {
    /// Makes an empty virtual host in which the server's own user may do everything.
    ///
    /// - Returns: its name, random unless given.
    package func makeVirtualHost(_ name: String? = nil) async throws -> String {
        let name = name ?? "test-\(ServerFolder.randomName())"
        let host = erlang(binary: name)
        let everything = erlang(binary: ".*")
        try await evaluate(
            """
            ok = rabbit_vhost:add(\(host), \(actor)),
            ok = rabbit_auth_backend_internal:set_permissions(
                \(erlang(binary: user)), \(host), \(everything), \(everything), \(everything), \(actor))
            """)
        return name
    }

    /// Removes a virtual host with all its queues; connections into it are closed by the broker.
    package func deleteVirtualHost(_ name: String) async throws {
        try await evaluate("ok = rabbit_vhost:delete(\(erlang(binary: name)), \(actor))")
    }

    /// Lends a virtual host of its own to `body` and removes it afterwards.
    package func withVirtualHost<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let name = try await makeVirtualHost()
        let result: Result
        do {
            result = try await body(name)
        } catch {
            // The first error is the one that matters; the broker may be down on purpose.
            try? await deleteVirtualHost(name)
            throw error
        }
        if isRunning { try await deleteVirtualHost(name) }
        return result
    }
}
