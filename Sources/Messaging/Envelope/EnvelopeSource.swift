/// The outside of a message, wherever it lies.
///
/// A header is asked for by its name, so that a broker's library need not copy those that nobody reads.
package protocol EnvelopeSource {
    var properties: MessageProperties { get }

    /// The value of a header; of two with one name the last counts.
    func header(_ name: String) -> HeaderValue?
}

extension WireMessage: EnvelopeSource {
    package func header(_ name: String) -> HeaderValue? { headers[name] }
}
