import COpenSSL

/// Why OpenSSL failed.
struct TLSFailure {
    /// In OpenSSL's own words.
    let reason: String
    /// The stream ended without the goodbye TLS asks for: the link is gone, and nothing was refused.
    let isEndOfStream: Bool
    /// The other side refused us, as when it wants a certificate. With TLS 1.3 this comes after our handshake is done.
    let isAlert: Bool

    /// The oldest failure this thread has not looked at; the others are forgotten.
    static func last() -> TLSFailure {
        let code = ERR_get_error()
        ERR_clear_error()
        let number = ERR_GET_REASON(code)
        let text = code == 0 ? nil : unsafe ERR_reason_error_string(code)
        return TLSFailure(
            reason: unsafe text.map { unsafe String(cString: $0) } ?? "OpenSSL gives no reason (\(code))",
            isEndOfStream: number == SSL_R_UNEXPECTED_EOF_WHILE_READING, isAlert: number >= SSL_AD_REASON_OFFSET)
    }

    /// As an error on an established session.
    func error(_ what: String) -> AMQPError {
        AMQPError(isAlert ? .tlsFailed : .connectionClosed, "\(what): \(reason)")
    }
}
