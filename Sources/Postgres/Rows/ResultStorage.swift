/// The result of one statement, freed when the last row that points into it is gone.
///
/// Safe to share: "PGresult objects are normally read-only after creation, and so can be passed around freely between
/// threads" (libpq manual, section 34.21).
@usableFromInline
final class ResultStorage: Sendable {
    let handle: ResultHandle

    init(_ handle: consuming ResultHandle) {
        self.handle = handle
    }
}
