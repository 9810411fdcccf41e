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

extension DefinitionShelf {
    /// Writes the definitions of the files into the database, so that instances can be pinned to them.
    ///
    /// - Returns: why definitions of sagas that run cannot be brought to hand; those sagas have to wait.
    /// - Throws: ``ContentWithoutVersion`` if a version is there with other content.
    @discardableResult
    package func register(in database: PostgresPool) async throws -> [any Error] {
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
        // Older instances may wait for events of their own definitions.
        let open = try await database.query("SELECT DISTINCT definition FROM saga_instance WHERE ended_at IS NULL")
        var failures: [any Error] = []
        for row in open {
            do {
                try await load([try row.decode(String.self, at: 0)], from: database)
            } catch let error where SagaFailure.isOfSaga(error) {
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
