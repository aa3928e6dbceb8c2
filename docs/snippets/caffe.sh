cp "$SNIPPETS/small.prototxt" train_val.prototxt

digits network import train_val.prototxt -o small.yaml
digits network check small.yaml
digits network show small.yaml
