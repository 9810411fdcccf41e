/* OpenSSL 3: TLS for AMQP, SHA-256 for definitions. Macros Swift cannot import become inline functions here. */
#pragma once
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
