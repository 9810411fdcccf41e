import Messaging

/// Brings a broker to what is declared.
struct TopologyChange {
    let wanted: Topology
    let found: Topology

    /// What cannot be changed while it lives: somebody has to decide what becomes of its messages.
    var obstacles: [TopologyDifference] {
        differences.filter { difference in
            guard case .changed = difference.nature else { return false }
            return difference.kind == .queue || difference.kind == .exchange
        }
    }

    var differences: [TopologyDifference] { wanted.differences(fromFound: found) }

    /// The file to import: everything wanted, but no user the broker has already, as its password would go.
    ///
    /// - Parameter passwordHashes: by user; these users are made or get this password.
    func definitions(passwordHashes: [String: String]) throws(JSONError) -> [UInt8] {
        let known = Set(found.users.map(\.name))
        let obstacles = Set(obstacles.map { "\($0.kind.rawValue) \($0.name)" })
        var topology = wanted
        topology.queues.removeAll { obstacles.contains("queue \($0.name)") }
        topology.exchanges.removeAll { obstacles.contains("exchange \($0.name)") }
        topology.users = wanted.users.compactMap { user in
            guard passwordHashes[user.name] != nil || !known.contains(user.name) else { return nil }
            return Topology.User(user.name, tags: user.tags, passwordHash: passwordHashes[user.name])
        }
        return try topology.definitions()
    }

    /// The users that log in with other passwords than these: somebody else may work with them.
    func usersWithOtherPassword(_ passwords: [String: String]) -> [String] {
        let hashes = Dictionary(found.users.map { ($0.name, $0.passwordHash ?? "") }) { first, _ in first }
        return wanted.users.map(\.name).filter { name in
            guard let hash = hashes[name], !hash.isEmpty, let password = passwords[name] else { return false }
            return !BrokerPassword.isHash(hash, of: password)
        }
    }

    /// The users that cannot log in: they are new and were given no password.
    func usersWithoutPassword(_ passwordHashes: [String: String]) -> [String] {
        let withPassword = Set(found.users.filter { $0.passwordHash?.isEmpty == false }.map(\.name))
        return wanted.users.map(\.name).filter { passwordHashes[$0] == nil && !withPassword.contains($0) }
    }

    /// The bindings nobody declared, between exchanges and queues that somebody did.
    var surplusBindings: [Topology.Binding] {
        let wantedBindings = Set(wanted.bindings)
        let exchanges = Set(wanted.exchanges.map(\.name))
        return found.bindings.filter { !wantedBindings.contains($0) && exchanges.contains($0.exchange) }
    }
}
