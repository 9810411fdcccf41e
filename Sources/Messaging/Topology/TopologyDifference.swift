/// One thing in which a running broker differs from what is wanted, with what mends it.
public struct TopologyDifference: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case exchange, queue, binding, policy, user, permission
        case topicPermission = "topic permission"
    }

    public enum Nature: Sendable, Hashable {
        /// It is wanted and not there.
        case missing
        /// It is there and not wanted.
        case unexpected
        /// It is there otherwise than wanted.
        case changed(wanted: String, found: String)
    }

    public let kind: Kind
    public let name: String
    public let nature: Nature
    /// The command that mends it.
    public let remedy: String

    public var description: String {
        switch nature {
        case .missing: "\(kind.rawValue) \(name) is missing"
        case .unexpected: "\(kind.rawValue) \(name) is not declared by any service"
        case .changed(let wanted, let found): "\(kind.rawValue) \(name) is \(found), wanted \(wanted)"
        }
    }
}

extension Topology {
    /// In what a running broker's topology differs from this one: what is missing first, then what is other, then what is
    /// too much, each by name.
    ///
    /// The broker's own exchanges, its bindings from the default exchange and the user it ships with are left out.
    public func differences(fromFound found: Topology) -> [TopologyDifference] {
        let remedies = TopologyRemedies(virtualHost: virtualHost)
        let all =
            TopologyComparison(kind: .exchange, remedies)
            .compare(exchanges, found.exchanges.filter { !$0.isBuiltIn }, by: \.name, show: \.shown)
            + TopologyComparison(kind: .queue, remedies).compare(queues, found.queues, by: \.name, show: \.shown)
            + TopologyComparison(kind: .binding, remedies)
            .compare(bindings, found.bindings.filter { !$0.exchange.isEmpty }, by: \.name, show: { _ in "" })
            + TopologyComparison(kind: .policy, remedies).compare(policies, found.policies, by: \.name, show: \.shown)
            + TopologyComparison(kind: .user, remedies)
            .compare(users, found.users.filter { $0.name != "guest" && !$0.isAdministrator }, by: \.name, show: \.shown)
            + TopologyComparison(kind: .permission, remedies)
            .compare(permissions, found.permissions.filter { isKnown($0.user) }, by: \.user, show: \.shown)
            + TopologyComparison(kind: .topicPermission, remedies)
            .compare(topicPermissions, found.topicPermissions.filter { isKnown($0.user) }, by: \.name, show: \.shown)
        return all.sorted { ($0.rank, $0.kind.rank, $0.name) < ($1.rank, $1.kind.rank, $1.name) }
    }

    private func isKnown(_ user: String) -> Bool { users.contains { $0.name == user } }
}

extension TopologyDifference {
    fileprivate var rank: Int {
        switch nature {
        case .missing: 0
        case .changed: 1
        case .unexpected: 2
        }
    }
}

extension TopologyDifference.Kind {
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Compares the members of one kind by name.
struct TopologyComparison {
    let kind: TopologyDifference.Kind
    let remedies: TopologyRemedies

    init(kind: TopologyDifference.Kind, _ remedies: TopologyRemedies) {
        self.kind = kind
        self.remedies = remedies
    }

    func compare<Member>(
        _ wanted: [Member], _ found: [Member], by name: (Member) -> String, show: (Member) -> String
    ) -> [TopologyDifference] {
        let foundByName = Dictionary(found.map { (name($0), $0) }, uniquingKeysWith: { first, _ in first })
        let wantedNames = Set(wanted.map(name))
        let lacking = wanted.compactMap { member -> TopologyDifference? in
            guard let other = foundByName[name(member)] else { return difference(name(member), .missing) }
            let (wanted, found) = (show(member), show(other))
            return wanted == found ? nil : difference(name(member), .changed(wanted: wanted, found: found))
        }
        let surplus = found.map(name).filter { !wantedNames.contains($0) }
        return lacking + Set(surplus).map { difference($0, .unexpected) }
    }

    private func difference(_ name: String, _ nature: TopologyDifference.Nature) -> TopologyDifference {
        TopologyDifference(kind: kind, name: name, nature: nature, remedy: remedies.remedy(kind, name, nature))
    }
}
