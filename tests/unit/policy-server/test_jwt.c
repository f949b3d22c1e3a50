/* SPDX-License-Identifier: Apache-2.0 */
/* Which access tokens are believed without asking UAA. */
#include "policy-server/auth/jwt.h"

#include "netman/str.h"
#include "policy-server/auth/jwt_keys.h"
#include "tests/base64url.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1000000

/** struct fixture - Two signing keys, and the verifier's view of them */
struct fixture {
        EVP_PKEY *rsa, *ec, *small;
        struct jwt_keys *keys;
};

/** number() - A key's parameter as JWKs have it */
static json_t *number(EVP_PKEY *key, const char *name, int width)
{
        unsigned char raw[512];
        struct str s = { 0 };
        BIGNUM *n = NULL;
        json_t *text;
        int len;

        assert_int_equal(EVP_PKEY_get_bn_param(key, name, &n), 1);
        len = width ? BN_bn2binpad(n, raw, width) : BN_bn2bin(n, raw);
        base64url(&s, raw, (size_t)len);
        text = json_string(s.data);
        BN_free(n);
        str_done(&s);
        return text;
}

/** rsa_jwk(), ec_jwk() - Keys by their numbers alone */
static json_t *rsa_jwk(EVP_PKEY *key, const char *kid)
{
        return json_pack("{s:s, s:s, s:o, s:o}", "kty", "RSA", "kid", kid, "n",
                         number(key, OSSL_PKEY_PARAM_RSA_N, 0), "e",
                         number(key, OSSL_PKEY_PARAM_RSA_E, 0));
}

static json_t *ec_jwk(EVP_PKEY *key, const char *kid)
{
        return json_pack("{s:s, s:s, s:s, s:o, s:o}", "kty", "EC", "crv", "P-256", "kid", kid, "x",
                         number(key, OSSL_PKEY_PARAM_EC_PUB_X, 32), "y",
                         number(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32));
}

static json_t *key_json(EVP_PKEY *key, const char *alg, const char *kid)
{
        BIO *bio = BIO_new(BIO_s_mem());
        json_t *obj;
        char *data;
        long len;

        assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
        len = BIO_get_mem_data(bio, &data);
        obj = json_pack("{s:s, s:s, s:s%}", "alg", alg, "kid", kid, "value", data, (size_t)len);
        BIO_free(bio);
        return obj;
}

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof *f);
        json_t *answer;
        struct err e;

        f->rsa = EVP_RSA_gen(2048);
        f->small = EVP_RSA_gen(1024);
        f->ec = EVP_EC_gen("P-256");
        answer = json_pack("{s:[o, o, o, o, o, o, {s:s, s:s, s:s}]}", "keys",
                           key_json(f->rsa, "RS256", "rsa"), key_json(f->ec, "ES256", "ec"),
                           key_json(f->small, "RS256", "small"), rsa_jwk(f->rsa, "rsa-jwk"),
                           ec_jwk(f->ec, "ec-jwk"), rsa_jwk(f->small, "small-jwk"), "alg", "HS256",
                           "kid", "hmac", "value", "secret");
        assert_int_equal(jwt_keys_parse(answer, &f->keys, &e), 0);
        json_decref(answer);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        EVP_PKEY_free(f->rsa);
        EVP_PKEY_free(f->ec);
        EVP_PKEY_free(f->small);
        jwt_keys_free(f->keys);
        free(f);
        return 0;
}

/** raw_pair() - An ECDSA signature from DER to r and s side by side */
static void raw_pair(unsigned char *sig, size_t *len)
{
        const unsigned char *at = sig;
        ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)*len);
        unsigned char raw[64];

        assert_non_null(pair);
        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32), 32);
        assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32), 32);
        memcpy(sig, raw, sizeof raw);
        *len = sizeof raw;
        ECDSA_SIG_free(pair);
}

static char *make_token(EVP_PKEY *key, const char *header, const char *claims)
{
        struct str s = { 0 };
        unsigned char sig[512];
        size_t len = sizeof sig;
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();

        base64url(&s, (const unsigned char *)header, strlen(header));
        str_add(&s, ".");
        base64url(&s, (const unsigned char *)claims, strlen(claims));
        assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
        assert_int_equal(EVP_DigestSign(ctx, sig, &len, (const unsigned char *)s.data, s.len), 1);
        EVP_MD_CTX_free(ctx);
        if (EVP_PKEY_is_a(key, "EC"))
                raw_pair(sig, &len);
        str_add(&s, ".");
        base64url(&s, sig, len);
        return str_steal(&s);
}

static int verify(const struct fixture *f, const char *text, struct token *t, struct err *e)
{
        static const char *const ours[] = { "network", "network-policy", NULL };
        const struct jwt_rules rules = { .issuer = "https://uaa/oauth/token",
                                         .audiences = ours,
                                         .now = NOW };

        return jwt_verify(f->keys, &rules, text, t, e);
}

#define RS_HEAD "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"typ\":\"JWT\"}"
#define ES_HEAD "{\"alg\":\"ES256\",\"kid\":\"ec\"}"
#define CLAIMS(exp, more, iss, aud, scope)                                                         \
        "{\"exp\":" exp more ",\"iss\":" iss ",\"aud\":" aud ",\"scope\":" scope                   \
        ",\"sub\":\"u-1\",\"user_name\":\"dora\"}"
#define ISS  "\"https://uaa/oauth/token\""
#define AUD  "[\"openid\",\"network\"]"
#define GOOD CLAIMS("1000010", "", ISS, AUD, "[\"network.write\"]")

static void good_tokens_are_believed(void **state)
{
        static const struct {
                bool ec;
                const char *header, *claims;
        } cases[] = {
                { false, RS_HEAD, GOOD },
                { true, ES_HEAD, GOOD },
                { false, "{\"alg\":\"RS256\",\"kid\":\"rsa-jwk\"}", GOOD },
                { true, "{\"alg\":\"ES256\",\"kid\":\"ec-jwk\"}", GOOD },
                { false, RS_HEAD,
                  CLAIMS("1000001", ",\"nbf\":1000000,\"iat\":999999", ISS, "\"network-policy\"",
                         "[\"network.write\"]") },
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                char *text =
                        make_token(cases[i].ec ? f->ec : f->rsa, cases[i].header, cases[i].claims);
                struct token t = { 0 };
                struct err e = { 0 };

                if (verify(f, text, &t, &e) < 0)
                        fail_msg("case %zu: %s", i, e.msg);
                assert_string_equal(t.user_name, "dora");
                assert_string_equal(t.subject, "u-1");
                assert_true(token_has_scope(&t, SCOPE_WRITE));
                token_done(&t);
                free(text);
        }
}

static void bad_tokens_are_refused(void **state)
{
        static const struct {
                char key; /* r: rsa, e: ec, s: small */
                const char *header, *claims, *why;
        } cases[] = {
                { 'r', RS_HEAD, CLAIMS("1000000", "", ISS, AUD, "[]"), "expired" },
                { 'r', RS_HEAD, CLAIMS("\"x\"", "", ISS, AUD, "[]"), "does not say" },
                { 'r', RS_HEAD, "{\"iss\":" ISS ",\"aud\":" AUD ",\"scope\":[]}", "does not say" },
                { 'r', RS_HEAD, CLAIMS("1000010", ",\"nbf\":1000009", ISS, AUD, "[]"),
                  "not valid" },
                { 'r', RS_HEAD, CLAIMS("1000010", ",\"iat\":1000009", ISS, AUD, "[]"),
                  "not valid" },
                { 'r', RS_HEAD, CLAIMS("1000010", "", "\"https://evil\"", AUD, "[]"), "issuer" },
                { 'r', RS_HEAD, CLAIMS("1000010", "", ISS, "[\"cloud_controller\"]", "[]"),
                  "audience" },
                { 'r', RS_HEAD, CLAIMS("1000010", "", ISS, "{}", "[]"), "audience" },
                { 'r', RS_HEAD, CLAIMS("1000010", "", ISS, AUD, "\"network.admin\""), "scopes" },
                { 'r', RS_HEAD, CLAIMS("1000010", ",\"jti\":\"abc-r\"", ISS, AUD, "[]"),
                  "refresh" },
                { 'r', "{\"alg\":\"none\",\"kid\":\"rsa\"}", GOOD, "algorithm" },
                { 'r', "{\"alg\":\"HS256\",\"kid\":\"hmac\"}", GOOD, "algorithm" },
                { 'r', "{\"alg\":\"RS512\",\"kid\":\"rsa\"}", GOOD, "algorithm" },
                { 'r', "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", GOOD, "not the key's" },
                { 'e', "{\"alg\":\"RS256\",\"kid\":\"ec\"}", GOOD, "not the key's" },
                { 'r', "{\"alg\":\"RS256\",\"kid\":\"other\"}", GOOD, "unknown key" },
                { 'r', "{\"alg\":\"RS256\"}", GOOD, "unknown key" },
                { 's', "{\"alg\":\"RS256\",\"kid\":\"small\"}", GOOD, "unknown key" },
                { 's', "{\"alg\":\"RS256\",\"kid\":\"small-jwk\"}", GOOD, "unknown key" },
                { 'e', "{\"alg\":\"RS256\",\"kid\":\"ec-jwk\"}", GOOD, "not the key's" },
                { 'e', "{\"alg\":\"RS256\",\"kid\":\"rsa-jwk\"}", GOOD, "signature" },
                { 'e', RS_HEAD, GOOD, "signature" },
                { 'r', ES_HEAD, GOOD, "signature" },
                { 'r', "{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":[\"x\"]}", GOOD, "critical" },
                { 'r', "[]", GOOD, "no JSON object" },
                { 'r', RS_HEAD, "[]", "no JSON object" },
                { 'r', RS_HEAD, "{\"exp\":1000010,\"exp\":9999999}", "no JSON object" },
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                EVP_PKEY *key = cases[i].key == 'r'   ? f->rsa
                                : cases[i].key == 'e' ? f->ec
                                                      : f->small;
                char *text = make_token(key, cases[i].header, cases[i].claims);
                struct token t = { 0 };
                struct err e = { 0 };

                if (verify(f, text, &t, &e) == 0)
                        fail_msg("believed: %s %s", cases[i].header, cases[i].claims);
                if (!strstr(e.msg, cases[i].why))
                        fail_msg("case %zu: \"%s\", not \"%s\"", i, e.msg, cases[i].why);
                free(text);
        }
}

static void text_that_is_no_token_is_refused(void **state)
{
        static const char *const cases[] = { "",
                                             ".",
                                             "..",
                                             "a.b",
                                             "a.b.c.d",
                                             "!.!.!",
                                             "e30.e30.",
                                             "e30.e30.e",
                                             "e30=.e30=.e30=",
                                             "\xff.\xff.\xff" };
        struct token t = { 0 };
        struct err e;

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                assert_int_equal(verify(*state, cases[i], &t, &e), -1);
}

static void one_changed_letter_spoils_a_token(void **state)
{
        struct fixture *f = *state;
        char *text = make_token(f->rsa, RS_HEAD, GOOD);
        size_t len = strlen(text);
        struct token t = { 0 };
        struct err e;

        for (size_t i = 0; i + 1 < len; i += 7) { /* the last letter has bits to spare */
                char was = text[i];

                text[i] = was == 'A' ? 'B' : 'A';
                if (verify(f, text, &t, &e) == 0)
                        fail_msg("letter %zu of %zu", i, len);
                text[i] = was;
        }
        free(text);
}

/** keys_in() - How many keys of this answer are of use? */
static size_t keys_in(json_t *key)
{
        json_t *answer = json_pack("{s:[o]}", "keys", key);
        struct jwt_keys *keys = NULL;
        struct err e;
        size_t n;

        assert_int_equal(jwt_keys_parse(answer, &keys, &e), 0);
        n = keys->count;
        jwt_keys_free(keys);
        json_decref(answer);
        return n;
}

/** with() - The key with one member exchanged */
static json_t *with(json_t *key, const char *name, json_t *value)
{
        (void)json_object_set_new(key, name, value);
        return key;
}

static void keys_of_no_use_are_left_out(void **state)
{
        struct fixture *f = *state;
        EVP_PKEY *other = EVP_EC_gen("P-256");

        assert_int_equal(keys_in(rsa_jwk(f->rsa, "k")), 1);
        assert_int_equal(keys_in(ec_jwk(f->ec, "k")), 1);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "use", json_string("enc"))), 0);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "alg", json_string("PS256"))), 0);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "alg", json_string("ES256"))), 0);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "kty", json_string("oct"))), 0);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "e", json_string("AQ"))), 0);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "e", json_string("Ag"))), 0);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "n", json_string("!"))), 0);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "n", json_string(""))), 0);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "n", json_integer(1))), 0);
        assert_int_equal(keys_in(with(rsa_jwk(f->rsa, "k"), "value", json_string("x"))), 0);
        assert_int_equal(keys_in(with(ec_jwk(f->ec, "k"), "crv", json_string("P-384"))), 0);
        assert_int_equal(keys_in(with(ec_jwk(f->ec, "k"), "x", json_string("AQAB"))), 0);
        /* A point that is not on the curve */
        assert_int_equal(
                keys_in(with(ec_jwk(f->ec, "k"), "y", number(other, OSSL_PKEY_PARAM_EC_PUB_Y, 32))),
                0);
        assert_int_equal(keys_in(json_string("k")), 0);
        EVP_PKEY_free(other);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(good_tokens_are_believed),
                cmocka_unit_test(bad_tokens_are_refused),
                cmocka_unit_test(text_that_is_no_token_is_refused),
                cmocka_unit_test(one_changed_letter_spoils_a_token),
                cmocka_unit_test(keys_of_no_use_are_left_out),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
