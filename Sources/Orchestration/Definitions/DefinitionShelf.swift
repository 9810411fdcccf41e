import Participant
package import Postgres
package import SagaFile
package import SagaModel
import Telemetry

/// The definitions at hand: those of today's files, by which sagas start, and those that older instances are pinned to.
package final class DefinitionShelf: Sendable {
    /// The newest version of each saga, by the event that starts it.
    private let starting: [String: [RegisteredDefinition]]
    private let known: Lock<[String: RegisteredDefinition]>
    /// The fields that say which event of a type is awaited, by the type.
    private let awaited: Lock<[String: Set<String>]>
    /// Registered by others and not to be read here, by hash.
    private let unusable = Lock(Set<String>())
    private let files: [LoadedSaga]

    /// - Throws: `DefinitionFaults` for a definition that cannot run.
    package init(_ library: SagaLibrary) throws {
        files = library.sagas
        var known: [String: RegisteredDefinition] = [:]
        var newest: [String: RegisteredDefinition] = [:]
        for saga in library.sagas {
            let registered = RegisteredDefinition(
                hash: saga.canonical.hash, compiled: try CompiledDefinition(saga.definition))
            known[registered.hash] = registered
            // The library sorts by version.
            newest[registered.name] = registered
        }
        awaited = Lock([:])
        self.known = Lock(known)
        starting = Dictionary(grouping: newest.values) { $0.compiled.definition.start.event }
            .mapValues { $0.sorted { $0.name < $1.name } }
        for definition in known.values { note(definition) }
    }

    /// A shelf that starts nothing, for those who only read and order.
    package init() {
        files = []
        known = Lock([:])
        awaited = Lock([:])
        starting = [:]
    }

    /// The definitions that an event of this type starts a saga of.
    func definitions(startingOn event: String) -> [RegisteredDefinition] { starting[event] ?? [] }

    /// The types of events that start a saga or that a step of a known definition waits for.
    var events: Set<String> { Set(starting.keys).union(awaited.withLock { $0.keys }) }

    /// The fields by which steps of the definitions at hand find events of this type; none if no step waits for any.
    func fields(ofAwaited event: String) -> [String] { awaited.withLock { $0[event]?.sorted() ?? [] } }

    private func put(_ definition: RegisteredDefinition) {
        known.withLock { $0[definition.hash] = definition }
        note(definition)
    }

    private func note(_ definition: RegisteredDefinition) {
        awaited.withLock { awaited in
            for (type, field) in definition.awaitedEvents { awaited[type, default: []].insert(field) }
        }
    }

    /// The definition of a hash, if it is at hand.
    package func definition(hash: String) -> RegisteredDefinition? { known.withLock { $0[hash] } }

    /// Brings those of the hashes to hand that are not, out of the database.
    ///
    /// - Throws: ``UnknownDefinition`` for one that is not there either.
    package func load(_ hashes: some Sequence<String>, from database: some PostgresQueryable) async throws {
        let missing = Set(hashes).filter { definition(hash: $0) == nil }
        if missing.isEmpty { return }
        let rows = try await database.query(
            "SELECT hash, canonical FROM saga_definition WHERE hash = ANY (\(missing.sorted()))")
        for row in rows {
            let (hash, canonical) = try row.decode(String.self, String.self)
            let saga = try LoadedSaga.canonical(canonical, name: hash)
            put(RegisteredDefinition(hash: hash, compiled: try CompiledDefinition(saga.definition)))
        }
        if let hash = missing.first(where: { definition(hash: $0) == nil }) { throw UnknownDefinition(hash: hash) }
    }
}

/// What came of a process's registration of its files.
package struct Registration: Sendable {
    /// Why definitions of others cannot be brought to hand; sagas that run by them have to wait.
    package var failures: [any Error] = []
    /// How long ago the youngest of the files' definitions was registered, whoever did it. Nil where all there are were
    /// registered together, as by the first orchestrator of a database: nobody is at work then who does not know them.
    package var newsAge: Duration?
}

extension DefinitionShelf {
    /// Writes the definitions of the files into the database, so that instances can be pinned to them, and brings those of
    /// others to hand.
    ///
    /// - Throws: ``ContentWithoutVersion`` if a version is there with other content.
    @discardableResult
    package func register(in database: PostgresPool) async throws -> Registration {
        var registration = Registration()
        for saga in files {
            let definition = saga.definition
            let retention = definition.retention.map { $0 / .seconds(1) }
            let hash = saga.canonical.hash
            try await database.execute(
                """
                INSERT INTO saga_definition (hash, name, version, canonical, participants, retention)
                VALUES (\(hash), \(definition.name), \(Int32(definition.version)), \(saga.canonical.json),
                    \(definition.participants.map(\.name)),
                    make_interval(secs => \(retention)))
                ON CONFLICT DO NOTHING
                """)
            let row = try await database.query(
                """
                SELECT hash FROM saga_definition
                WHERE name = \(definition.name) AND version = \(Int32(definition.version))
                """
            ).only()
            if try row.decode(String.self, at: 0) != hash {
                throw ContentWithoutVersion(path: saga.path, name: definition.name, version: definition.version)
            }
        }
        let open = try await database.query("SELECT DISTINCT definition FROM saga_instance WHERE ended_at IS NULL")
        for row in open { registration.failures += try await load(each: [row.decode(at: 0)], from: database) }
        registration.failures += try await load(each: try await unknown(to: database), from: database)
        registration.newsAge = try await newsAge(in: database)
        return registration
    }

    /// By the database's clock. What is registered within this of each other was registered together.
    private func newsAge(in database: PostgresPool) async throws -> Duration? {
        let row = try await database.query(
            """
            SELECT (1000 * extract(epoch FROM clock_timestamp() - newest))::bigint
            FROM (SELECT max(registered_at) FILTER (WHERE hash = ANY (\(files.map(\.canonical.hash)))) AS newest,
                    min(registered_at) AS oldest FROM saga_definition) AS registered
            WHERE newest - oldest > interval '1 s'
            """
        ).atMostOne()
        return try row.map { .milliseconds(try $0.decode(Int64.self, at: 0)) }
    }

    /// Brings to hand what others have registered since: their sagas may wait for events that this process takes.
    ///
    /// - Returns: why some of it cannot be; each is told once.
    package func learn(from database: PostgresPool) async throws -> [any Error] {
        try await load(each: try await unknown(to: database), from: database)
    }

    /// What is registered, and neither at hand nor known to be unusable.
    private func unknown(to database: PostgresPool) async throws -> [String] {
        let hashes = known.withLock { Array($0.keys) } + unusable.withLock { Array($0) }
        let rows = try await database.query("SELECT hash FROM saga_definition WHERE hash <> ALL (\(hashes))")
        return try rows.map { try $0.decode(String.self, at: 0) }
    }

    private func load(each hashes: [String], from database: PostgresPool) async throws -> [any Error] {
        var failures: [any Error] = []
        for hash in hashes {
            do {
                try await load([hash], from: database)
            } catch let error where SagaFailure.isOfSaga(error) {
                unusable.withLock { _ = $0.insert(hash) }
                failures.append(error)
            }
        }
        return failures
    }
}

/// A file changed and its version did not.
package struct ContentWithoutVersion: ConfigurationFault, CustomStringConvertible {
    package let path: String
    package let name: String
    package let version: Int

    package var description: String {
        """
        \(path): version \(version) of \(name) is registered with other content, and instances may be running by it. \
        Raise `version` in the file, to \(version + 1), or take the change back.
        """
    }
}

/// An instance names a definition that nobody registered.
package struct UnknownDefinition: Error, CustomStringConvertible {
    package let hash: String

    package var description: String { "the definition \(hash) is in neither the files nor saga_definition" }
}

extension DefinitionError: ConfigurationFault {}
extension DefinitionFaults: ConfigurationFault {}
