import SagaModel

/// The participants of a set of files, resolved together because their types refer to each other.
struct ParticipantShelf {
    private(set) var participants: [String: Participant] = [:]
    private(set) var types = TypeTable([:])
    private(set) var faults: [Diagnostic] = []

    init(_ files: [SourceFile]) {
        var drafts: [(draft: ParticipantDraft, report: Report)] = []
        for file in files {
            var report = Report(file: file.path)
            do throws(DefinitionError) {
                let root = try YAMLReader.root(of: file.bytes, file: file.path)
                let draft = FileFormats.participant.read(root, &report)
                // A part that could not be read is missing from the draft, and names would be blamed for it.
                if let draft, !report.hasFaults {
                    drafts.append((draft, report))
                } else {
                    faults += report.diagnostics
                }
            } catch {
                faults += error.diagnostics
            }
        }
        resolve(drafts)
    }

    /// Adds the participants that stand in a saga file itself.
    mutating func add(_ drafts: [ParticipantDraft], _ report: inout Report) {
        resolve(drafts.map { ($0, Report(file: report.file)) })
        for fault in faults { report.add(fault.code, at: fault.mark, fault.message, hint: fault.hint) }
        faults = []
    }

    private mutating func resolve(_ drafts: [(draft: ParticipantDraft, report: Report)]) {
        for (draft, _) in drafts {
            for type in draft.types {
                types.add(
                    "\(draft.name.value).\(type.name.value)",
                    TypeTable.Entry(participant: draft.name.value, fields: type.value))
            }
        }
        for (draft, report) in drafts {
            var report = report
            if participants[draft.name.value] != nil {
                report.add(
                    .duplicateParticipant, at: draft.name.mark,
                    "the participant `\(draft.name.value)` has a file already")
            } else {
                participants[draft.name.value] = ParticipantResolver.resolve(draft, types: types, &report)
            }
            faults += report.diagnostics
        }
    }
}
