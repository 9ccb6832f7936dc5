"""From picture files to image features: decoding, backbones, augmenting."""
