import SagaModel

/// What tells one writing of an instance from every other: nobody writes a version twice in one millisecond.
struct InstanceStamp: Sendable, Hashable {
    var version: Int64
    /// In milliseconds since 1970.
    var changedAt: Int64

    /// That of no row.
    static let none = InstanceStamp(version: 0, changedAt: 0)
}

/// An instance as this process has written it, beside what a row says of it that never changes.
struct RememberedInstance: Sendable {
    let stamp: InstanceStamp
    let definition: RegisteredDefinition
    let instance: Instance
    let traceparent: String?
    /// In milliseconds since 1970.
    let startedAt: Int64
    /// As it was written; the row's may be later or gone, for it may change alone.
    var wakeAt: Int64?
    /// How long its stored form is, which is what it takes in memory but for a factor.
    let byteCount: Int

    /// - Parameter changedAt: when it is written, in milliseconds since 1970.
    init(_ fold: SagaFold, changedAt: Int64) {
        stamp = InstanceStamp(version: fold.version, changedAt: changedAt)
        definition = fold.definition
        instance = fold.instance
        // The row has none where it is empty.
        traceparent = fold.traceparent.flatMap { $0.isEmpty ? nil : $0 }
        startedAt = fold.startedAt
        wakeAt = fold.wake(at: changedAt)
        byteCount = fold.storedByteCount
    }
}

/// The instances this process wrote last, so that the next reply to one need not read and decode what is known.
///
/// Only a help: an instance counts only if it has the stamp of its row. Either the row is locked and its stamp read first, or
/// the new row is written for the old stamp alone and the transaction fails where there is another. So whoever else wrote
/// meanwhile, nothing is ever decided on what is old. What a transaction takes is gone from here, and comes back when it is
/// committed; if it fails, or nobody knows, the next one reads the row.
///
/// Bounded by two generations: what is kept goes to the young one, and when that has half of what there may be the old one
/// is dropped and the young one is old. What is waited for comes back long before.
struct InstanceMemory: Sendable {
    private struct Generation {
        var instances: [Identifier: RememberedInstance] = [:]
        var byteCount = 0
    }

    private let countMax: Int
    private let byteCountMax: Int
    private var young = Generation()
    private var old = Generation()

    /// - Parameter byteCountMax: of stored forms; in memory an instance takes some times as much.
    init(countMax: Int = 8192, byteCountMax: Int = 8 << 20) {
        self.countMax = countMax
        self.byteCountMax = byteCountMax
    }

    /// What is known of these; nothing of those that are not here.
    func stamps(of ids: [Identifier]) -> [Identifier: InstanceStamp] {
        var stamps: [Identifier: InstanceStamp] = [:]
        stamps.reserveCapacity(ids.count)
        for id in ids {
            if let found = young.instances[id] ?? old.instances[id] { stamps[id] = found.stamp }
        }
        return stamps
    }

    /// Takes an instance out.
    ///
    /// - Returns: nil unless it is here as the row has it.
    mutating func take(_ id: Identifier, _ stamp: InstanceStamp) -> RememberedInstance? {
        guard let found = remove(id), found.stamp == stamp else { return nil }
        return found
    }

    /// Takes instances out, as they are, if all of them are here.
    ///
    /// - Returns: nil, and all stay, if one is not.
    mutating func takeAll(_ ids: [Identifier]) -> [RememberedInstance]? {
        guard ids.allSatisfy({ young.instances[$0] != nil || old.instances[$0] != nil }) else { return nil }
        return ids.compactMap { remove($0) }
    }

    /// Keeps what has been committed. Of an instance that is over nothing more is expected.
    mutating func keep(_ instance: RememberedInstance) {
        _ = remove(instance.instance.id)
        if instance.instance.isOver || instance.byteCount > byteCountMax / 2 { return }
        if young.instances.count + 1 > countMax / 2 || young.byteCount + instance.byteCount > byteCountMax / 2 {
            old = young
            young = Generation()
        }
        young.instances[instance.instance.id] = instance
        young.byteCount += instance.byteCount
    }

    private mutating func remove(_ id: Identifier) -> RememberedInstance? {
        if let found = young.instances.removeValue(forKey: id) {
            young.byteCount -= found.byteCount
            return found
        }
        guard let found = old.instances.removeValue(forKey: id) else { return nil }
        old.byteCount -= found.byteCount
        return found
    }
}

extension SagaFold {
    /// - Parameters:
    ///   - wakeAt: as the row says, for it may change alone.
    ///   - isRead: whether the row was read and is locked.
    convenience init(_ remembered: RememberedInstance, wakeAt: Int64?, isRead: Bool) {
        self.init(
            remembered.definition, remembered.instance, version: remembered.stamp.version,
            traceparent: remembered.traceparent, startedAt: remembered.startedAt, wakeAt: wakeAt,
            assumed: isRead ? nil : remembered.stamp)
    }
}
