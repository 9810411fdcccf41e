import Messaging
import Orchestration
import Postgres
import SagaModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the commands over sagas share: the orchestrator's database, which they only read.
struct SagaSession: Sendable {
    let pool: PostgresPool
    let store: SagaStore

    init(_ surroundings: Surroundings = Surroundings()) throws {
        pool = PostgresPool(try surroundings.database(of: TopologyNames.orchestrator))
        store = SagaStore(pool)
    }

    static func with<Value>(
        _ surroundings: Surroundings = Surroundings(), _ body: (SagaSession) async throws -> Value
    ) async throws -> Value {
        let session = try SagaSession(surroundings)
        defer { session.pool.close() }
        return try await body(session)
    }

    /// Finds one saga by its id, or by its key where only one has it.
    func saga(_ name: String) async throws -> SagaSummary {
        if let id = Identifier(name.lowercased()), let saga = try await store.summary(of: id) { return saga }
        let sagas = try await store.sagas(withKey: name)
        if sagas.count == 1 { return sagas[0] }
        guard sagas.isEmpty else {
            throw Failure(
                .usage, "\(sagas.count) sagas have the key \(name)",
                remedy: "Name one by its id: " + sagas.map { "\($0.id) (\($0.name))" }.joined(separator: ", "))
        }
        throw Failure(.failed, "there is no saga \(name)", remedy: "`skald saga list` shows those there are.")
    }

    /// Who gives an order, for the history.
    static var operatorName: String {
        if let name = variable("SKALD_OPERATOR") ?? variable("SUDO_USER") ?? variable("USER") { return name }
        return getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "user \(geteuid())"
    }
}
