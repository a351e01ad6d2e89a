"""Invented names. Any likeness to a real person is chance."""

GIVEN = (
    "Amara", "Ben", "Carlos", "Denise", "Elena", "Frank", "Grace", "Hector", "Imani", "Jon", "Kayla",
    "Luis", "Marisol", "Nadia", "Omar", "Paula", "Quentin", "Rosa", "Samir", "Tanya", "Ugo", "Vera", "Wen",
    "Ximena", "Yusuf", "Zofia", "Andre", "Bianca", "Curtis", "Dolores", "Emeka", "Fatima", "Gustavo",
    "Hana", "Ivan", "Josefina", "Kwame", "Leilani", "Mateo", "Noor", "Oksana", "Pedro", "Renata", "Stefan",
    "Thuy", "Ursula", "Víctor", "Winona", "Xavier", "Yolanda", "Zane", "Aoife", "Bashir", "Celeste",
    "Dmitri", "Esther", "Florian", "Gwen", "Hiroshi", "Ingrid", "Jamal", "Katya", "Lamar", "Mireille",
    "Nikolai", "Odette", "Pilar", "Rashid", "Soledad", "Tomás", "Uma", "Valentín", "Abena", "Björn",
    "Chidi", "Delphine", "Enzo", "Freya", "Goran", "Halima", "Isak", "Jovana", "Keanu", "Lucía", "Mbali",
    "Nuno", "Ottilie", "Priscila", "Quynh", "Rafael", "Sunita", "Teodora",
)  # fmt: skip

FAMILY = (
    "Okonjo", "Tallis", "Montoya", "Winslow", "Reyes", "Larkin", "Kimball", "Vargas", "Jefferson", "Pruitt",
    "Sandoval", "Greer", "Herrera", "Bloom", "Haddad", "Escobar", "Marsh", "Delgado", "Naser", "Crowley",
    "Obi", "Petrov", "Zhang", "Luna", "Demir", "Nowak", "Baptiste", "Rossi", "Hollis", "Fuentes", "Eze",
    "Aziz", "Paredes", "Sato", "Kolar", "Campos", "Mensah", "Kahale", "Rivas", "Karim", "Bondar", "Salinas",
    "Moreau", "Weber", "Tran", "Lindholm", "Ibarra", "Redbird", "Charles", "Pineda", "Abbott", "Byrne",
    "Sharif", "Dupont", "Volkov", "Cohen", "Keller", "Pryce", "Mori", "Solberg", "Whitaker", "Orlova",
    "Boone", "Girard", "Sokolov", "Laurent", "Serrano", "Malik", "Ortiz", "Ferrer", "Rao", "Castillo",
)  # fmt: skip
