# What is wrong with a key, its certificate and the CA's, one finding a line. Says nothing of the key itself.
if ! command -v openssl >/dev/null; then
    echo 'openssl is not installed: nothing of the certificates can be told'
    exit 0
fi
certificate() { # NAME FILE
    [ -e "$2" ] || { echo "no $1 ($2)"; return; }
    text=$(openssl x509 -in "$2" -noout -text 2>/dev/null) || { echo "$1 is no certificate ($2)"; return; }
    case $text in *'ASN1 OID: secp384r1'*) ;; *) echo "the key of $1 is not on P-384 ($2)" ;; esac
    case $text in *'Signature Algorithm: ecdsa-with-SHA384'*) ;; *) echo "$1 is not signed with ECDSA and SHA-384 ($2)" ;; esac
    until=$(openssl x509 -in "$2" -noout -enddate | cut -d= -f2)
    openssl x509 -in "$2" -noout -checkend 0 >/dev/null || { echo "$1 ended on $until ($2)"; return; }
    openssl x509 -in "$2" -noout -checkend $((DAYS * 86400)) >/dev/null || echo "$1 ends on $until ($2)"
}
certificate "the host's certificate" "$CERTIFICATE"
certificate "the CA's certificate" "$CA"
[ -e "$KEY" ] || exit 0    # which is told apart
if ! public=$(openssl pkey -in "$KEY" -passin pass: -pubout 2>/dev/null </dev/null); then
    echo "the key can't be read without a passphrase, or is none ($KEY)"
elif [ -e "$CERTIFICATE" ] && [ "$public" != "$(openssl x509 -in "$CERTIFICATE" -noout -pubkey 2>/dev/null)" ]; then
    echo "the certificate is not that of the key ($KEY)"
fi
