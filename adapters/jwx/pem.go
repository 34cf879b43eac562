package jwxtoken

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// PEM returns the key of that id in a PEM file, such as OpenSSL and Python
// write: a private key (PKCS #8, PKCS #1 or SEC 1) or a public one (PKIX or
// PKCS #1). The file has one key, which is not encrypted. Whether the key is
// good for tokens is checked by [New]. Errors tell nothing of the file.
func PEM(id string, file []byte) (Key, error) {
	k := Key{ID: id}
	for {
		var block *pem.Block
		if block, file = pem.Decode(file); block == nil {
			break
		}
		if block.Type == "EC PARAMETERS" { // OpenSSL puts them before a key
			continue
		}
		if k.Private != nil || k.Public != nil {
			return Key{}, errors.New("jwxtoken: the PEM file has more than one key")
		}
		parsed, err := parseBlock(block)
		if err != nil {
			return Key{}, err
		}
		if signer, ok := parsed.(crypto.Signer); ok {
			k.Private = signer
		} else {
			k.Public = parsed
		}
	}
	if k.Private == nil && k.Public == nil {
		return Key{}, errors.New("jwxtoken: the PEM file has no key")
	}
	return k, nil
}

func parseBlock(block *pem.Block) (parsed any, err error) {
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	case "PUBLIC KEY":
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		parsed, err = x509.ParsePKCS1PublicKey(block.Bytes)
	default:
		return nil, errors.New("jwxtoken: the PEM file has something else than a key")
	}
	if err != nil {
		return nil, fmt.Errorf("jwxtoken: the PEM file's %q cannot be read", block.Type)
	}
	return parsed, nil
}
