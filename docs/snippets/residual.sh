cp "$SNIPPETS/residual.yaml" .
digits network check residual.yaml
digits network draw residual.yaml -o residual.png
digits network customize googlenet -o mine.yaml
digits network check mine.yaml
digits network schema -o network.schema.json
