package import SagaModel

/// What a new version of a saga means for the instances that run by an old one.
///
/// An instance may move when the new version, given the same inputs from the start, would have done the same: sent the
/// same commands, been stuck and ended in the same places. That is decided for all instances at once. Old and new run
/// side by side through every sequence of replies, timers, deadlines and events; pairs of instances that have acted
/// alike so far are the simulation relation, and a place is safe when every way to it stays within the relation.
package struct DefinitionDiff: Sendable {
    package let old: CompiledDefinition
    package let new: CompiledDefinition
    /// Old step ids to new ones.
    package let renames: [String: String]
    package let changes: [StepChange]
    /// Every place where an instance of the old version can stand, in the order of the search.
    package let places: [PlaceVerdict]

    /// A difference that a reader of the files would see.
    package struct StepChange: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable, CaseIterable {
            case added
            case removed
            case renamed
            case changed
        }

        package var kind: Kind
        package var step: String
        /// The new id of a step that was renamed.
        package var newStep: String?

        package init(kind: Kind, step: String, newStep: String? = nil) {
            self.kind = kind
            self.step = step
            self.newStep = newStep
        }
    }

    /// Whether instances at a place may move.
    package struct PlaceVerdict: Sendable, Hashable {
        package var place: Place
        /// Nil when they may; else why they must stay.
        package var reason: String?

        package var mayMove: Bool { reason == nil }
    }

    /// The most pairs of instances that are compared unless another number is asked for.
    package static let pairCountMax = 1_000_000

    /// Compares two versions of a saga.
    ///
    /// - Parameters:
    ///   - pairCountMax: How many pairs of an old and a new instance are compared; beyond it nothing may move.
    ///   - report: Told from time to time how many pairs were found; false ends the comparison, too.
    /// - Throws: ``DefinitionFaults`` of a version that does not compile.
    package init(
        from old: Definition, to new: Definition, pairCountMax: Int = pairCountMax,
        report: (Int) -> Bool = { _ in true }
    ) throws(DefinitionFaults) {
        self.old = try CompiledDefinition(old)
        self.new = try CompiledDefinition(new)
        renames = new.compatibility.first { $0.version == old.version }?.renames ?? [:]
        changes = Self.changes(from: old, to: new, renames: renames)
        var relation = try SimulationRelation(from: old, to: new, renames: renames, pairCountMax: pairCountMax)
        places = relation.verdicts(report)
    }

    /// What is to become of an instance of the old version.
    ///
    /// - Returns: The verdict on its place; nil when no sequence of inputs leads there, so it must stay.
    package func verdict(on instance: Instance) -> PlaceVerdict? {
        let place = Place(instance, of: old)
        return places.first { $0.place == place }
    }

    /// The instance as one of the new version; nil where it must stay.
    package func move(_ instance: Instance) -> Instance? {
        guard verdict(on: instance)?.mayMove ?? false else { return nil }
        return instance.moved(from: old, to: new, renames: renames)
    }

    private static func changes(
        from old: Definition, to new: Definition, renames: [String: String]
    ) -> [StepChange] {
        var changes: [StepChange] = []
        var kept: Set<String> = []
        for step in old.steps {
            let id = renames[step.id] ?? step.id
            guard var match = new.steps.first(where: { $0.id == id }) else {
                changes.append(StepChange(kind: .removed, step: step.id))
                continue
            }
            kept.insert(id)
            if id != step.id { changes.append(StepChange(kind: .renamed, step: step.id, newStep: id)) }
            match.id = step.id
            if match != step { changes.append(StepChange(kind: .changed, step: step.id)) }
        }
        for step in new.steps where !kept.contains(step.id) {
            changes.append(StepChange(kind: .added, step: step.id))
        }
        return changes
    }
}
