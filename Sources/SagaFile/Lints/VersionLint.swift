import SagaModel

/// Compares the files of one saga with each other: content is tied to a version, and no step vanishes without a word.
enum VersionLint {
    static func faults(of sagas: [LoadedSaga]) -> [Diagnostic] {
        let families = Dictionary(grouping: sagas) { $0.definition.name }
        return families.keys.sorted().flatMap { name in
            let family = (families[name] ?? []).sorted { $0.definition.version < $1.definition.version }
            return zip(family, family.dropFirst()).flatMap { older, newer in compare(older, newer) }
        }
    }

    private static func compare(_ older: LoadedSaga, _ newer: LoadedSaga) -> [Diagnostic] {
        var report = Report(file: newer.path)
        if older.definition.version == newer.definition.version {
            let name = "`\(newer.definition.name)` version \(newer.definition.version)"
            if older.canonical.hash == newer.canonical.hash {
                report.add(.duplicateSaga, at: newer.draft.name.mark, "\(name) stands in \(older.path) too")
            } else {
                report.add(
                    .versionReused, at: newer.draft.version.mark, "\(name) means something else in \(older.path)")
            }
        } else {
            checkSteps(older, newer, &report)
        }
        return report.diagnostics
    }

    private static func checkSteps(_ older: LoadedSaga, _ newer: LoadedSaga, _ report: inout Report) {
        let version = older.definition.version
        let compatibility = newer.draft.compatibility.first { Int($0.name.value) == version }?.value
        let settled = (compatibility?.renames.map(\.name.value) ?? []) + (compatibility?.removed.map(\.value) ?? [])
        let steps = Set(newer.definition.steps.map(\.id)).union(settled)
        for step in older.definition.steps where !steps.contains(step.id) {
            report.add(
                .stepRemoved, at: newer.draft.version.mark,
                "the step `\(step.id)` of version \(version) is gone, and nothing says what became of it")
        }
    }
}
