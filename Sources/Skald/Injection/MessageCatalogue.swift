import Messaging
import SagaFile
import SagaModel

/// The commands and events that can be injected, as the participants declare them.
struct MessageCatalogue: Sendable {
    struct Entry: Sendable {
        let type: MessageType
        let isEvent: Bool
        let fields: [Field]
    }

    let library: SagaLibrary
    /// By the type's text.
    let entries: [String: Entry]

    init(_ library: SagaLibrary) {
        self.library = library
        var entries: [String: Entry] = [:]
        for participant in library.participants {
            for command in participant.commands {
                guard let type = MessageType(command.type(of: participant.name)) else { continue }
                entries[type.text] = Entry(type: type, isEvent: false, fields: command.payload)
            }
            for event in participant.events {
                guard let type = MessageType(event.type) else { continue }
                entries[type.text] = Entry(type: type, isEvent: true, fields: event.payload)
            }
        }
        self.entries = entries
    }

    func entry(_ type: String) throws(Failure) -> Entry {
        if let entry = entries[type] { return entry }
        let nearest = Spelling.nearest(to: type, among: entries.keys.sorted())
        throw Failure(
            .usage, "no participant declares a command or event `\(type)`",
            remedy: nearest.map { "Did you mean `\($0)`?" } ?? "`skald inject` lists what there is.")
    }

    /// The saga that an injected message starts, and the field of its payload that names the instance.
    ///
    /// A command starts one by the event its service makes of it, so the two are found by a field they share.
    func saga(startedBy entry: Entry) -> (definition: String, key: String)? {
        let sagas = library.sagas.map(\.definition)
        if entry.isEvent {
            return sagas.last { $0.start.event == entry.type.text }.map { ($0.name, $0.start.key) }
        }
        let events = sagas.filter { $0.start.event.hasPrefix(entry.type.owner + ".") }
        let exact = events.last { saga in
            guard let event = entries[saga.start.event] else { return false }
            return Set(event.fields.map(\.name)) == Set(entry.fields.map(\.name))
        }
        return exact.map { ($0.name, $0.start.key) }
    }
}

/// A payload held against what its type declares.
enum PayloadCheck {
    /// - Throws: with the path of the first value that does not fit, and what would.
    static func check(_ payload: Record, _ entry: MessageCatalogue.Entry) throws(Failure) {
        if let (path, problem) = fault(.record(payload), .record(RecordType(fields: entry.fields)), at: "") {
            throw Failure(
                .badInput, "\(entry.type) \(path.isEmpty ? "the payload" : path): \(problem)",
                remedy: "It reads { \(entry.fields.map { "\($0.name): \($0.type)" }.joined(separator: ", ")) }; "
                    + "--unchecked sends it all the same.")
        }
        let known = Set(entry.fields.map(\.name))
        if let stranger = payload.members.first(where: { !known.contains($0.name) }) {
            let nearest = Spelling.nearest(to: stranger.name, among: known.sorted())
            throw Failure(
                .badInput, "\(entry.type) has no field `\(stranger.name)`",
                remedy: (nearest.map { "Did you mean `\($0)`? " } ?? "") + "--unchecked sends it all the same.")
        }
    }

    private static func fault(_ value: Value, _ type: DataType, at path: String) -> (String, String)? {
        if value.fits(type) { return nil }
        switch (type.unwrapped, value) {
        case (.record(let record), .record(let value)):
            for field in record.fields {
                let inner = path.isEmpty ? field.name : "\(path).\(field.name)"
                guard let member = value[field.name] else {
                    if field.type.isOptional { continue }
                    return (inner, "is missing; a \(field.type) stands there")
                }
                if let fault = fault(member, field.type, at: inner) { return fault }
            }
        case (.list(let element), .list(let values)):
            for (index, value) in values.enumerated() {
                if let fault = fault(value, element, at: "\(path).\(index)") { return fault }
            }
        default: break
        }
        return (path, "\(CanonicalJSON.text(of: value)) is no \(type)")
    }
}
