/// The formats of whole files, put together once.
enum FileFormats {
    static let saga = Format<SagaDraft>.saga
    static let participant = Format<ParticipantDraft>.participant
}
