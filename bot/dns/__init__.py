"""The DNS as a client sees it: questions, answers, the resolver, and SPF evaluation."""
