internal import LocalServers

/// Lends a private broker and a private cluster, which end with `body`, also when it throws.
func withServers<Result>(
    _ body: (RabbitServer, PostgresCluster) async throws -> Result
) async throws -> Result {
    Progress.say("starting a private broker and a private cluster")
    let broker = try await RabbitServer.started()
    let cluster: PostgresCluster
    do {
        cluster = try await PostgresCluster.started(PostgresBench.options)
    } catch {
        try? await broker.shutDown()
        throw error
    }
    do {
        let result = try await body(broker, cluster)
        try await broker.shutDown()
        try await cluster.shutDown()
        return result
    } catch {
        // The first error is the one that matters.
        try? await broker.shutDown()
        try? await cluster.shutDown()
        throw error
    }
}
