import COpenSSL

/// The OpenSSL settings of one connection: who is trusted, who we are.
@safe struct TLSContext: ~Copyable {
    fileprivate let context: OpaquePointer
    private let configuration: TLSConfiguration

    private init(_ context: OpaquePointer, _ configuration: TLSConfiguration) {
        unsafe self.context = context
        self.configuration = configuration
    }

    /// - Throws: `tlsFailed` naming the file that cannot be used.
    static func make(_ configuration: TLSConfiguration) throws(AMQPError) -> TLSContext {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw AMQPError(.tlsFailed, "OpenSSL cannot make a context: \(TLSFailure.last().reason)")
        }
        let result = unsafe TLSContext(context, configuration)
        unsafe skald_ssl_ctx_set_write_modes(context)
        guard unsafe skald_ssl_ctx_set_min_tls12(context) == 1 else {
            throw AMQPError(.tlsFailed, "this OpenSSL does not know TLS 1.2")
        }
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        try result.loadTrust()
        try result.loadIdentity()
        return result
    }

    deinit {
        unsafe SSL_CTX_free(context)
    }

    /// The oldest version of TLS it speaks, as OpenSSL counts them.
    var minimumVersion: Int { unsafe SSL_CTX_ctrl(context, SSL_CTRL_GET_MIN_PROTO_VERSION, 0, nil) }

    var verifiesPeer: Bool { unsafe SSL_CTX_get_verify_mode(context) == SSL_VERIFY_PEER }

    private func loadTrust() throws(AMQPError) {
        guard let file = configuration.trustedCertificatesFile else {
            _ = unsafe SSL_CTX_set_default_verify_paths(context)
            return
        }
        guard unsafe SSL_CTX_load_verify_locations(context, file, nil) == 1 else {
            throw AMQPError(
                .tlsFailed, "the trusted certificates in \(file) cannot be read: \(TLSFailure.last().reason)")
        }
    }

    private func loadIdentity() throws(AMQPError) {
        guard let file = configuration.certificateFile else { return }
        guard unsafe SSL_CTX_use_certificate_chain_file(context, file) == 1 else {
            throw AMQPError(.tlsFailed, "the certificate in \(file) cannot be read: \(TLSFailure.last().reason)")
        }
        let keyFile = configuration.privateKeyFile ?? file
        guard unsafe SSL_CTX_use_PrivateKey_file(context, keyFile, SSL_FILETYPE_PEM) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else {
            throw AMQPError(
                .tlsFailed,
                "the private key in \(keyFile) cannot be read or does not belong to the certificate: "
                    + TLSFailure.last().reason)
        }
    }

    /// A session over a connected socket, before its handshake.
    func session(over socket: borrowing Socket, host: String) throws(AMQPError) -> TLSSession {
        guard let session = unsafe SSL_new(context) else {
            throw AMQPError(.tlsFailed, "OpenSSL cannot make a session: \(TLSFailure.last().reason)")
        }
        let result = unsafe TLSSession(session)
        let name = configuration.serverName ?? host
        // A name goes into SNI and is compared with the certificate's names; an address with its addresses (RFC 6066, 3).
        let verification = unsafe SSL_get0_param(session)
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(verification, name) != 1 {
            guard unsafe SSL_set1_host(session, name) == 1, unsafe skald_ssl_set_server_name(session, name) == 1 else {
                throw AMQPError(.tlsFailed, "\(name) cannot be verified as a host name")
            }
        }
        guard unsafe SSL_set_fd(session, socket.descriptor) == 1 else {
            throw AMQPError(.tlsFailed, "OpenSSL cannot take the socket: \(TLSFailure.last().reason)")
        }
        return result
    }
}
